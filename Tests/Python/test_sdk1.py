"""The official SDK before version 2. Its validation of structured results is on."""

from contextlib import asynccontextmanager

import anyio
import mcp.types as types
import pytest
from mcp import ClientSession, McpError
from mcp.client.stdio import StdioServerParameters, stdio_client

import shapes
import story

pytestmark = pytest.mark.anyio


class Agent:
    def __init__(self, session, updates):
        self.session = session
        self.updates = updates
        self.schemas = None

    async def call(self, tool, progress=None, **arguments):
        if self.schemas is None:
            self.schemas = {tool.name: tool.outputSchema for tool in (await self.session.list_tools()).tools}
        # This SDK does not cancel requests on the server.
        number = self.session._request_id
        try:
            result = await self.session.call_tool(tool, arguments, progress_callback=progress)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True):
                params = types.CancelledNotificationParams(requestId=number)
                await self.session.send_notification(types.ClientNotification(types.CancelledNotification(params=params)))
            raise
        assert not result.isError, result.content
        return shapes.check(tool, result.structuredContent, result.content[0].text, self.schemas[tool])

    async def refused(self, tool, **arguments):
        result = await self.session.call_tool(tool, arguments)
        assert result.isError
        return result.content[0].text


@pytest.fixture
def connect(binary, environment):
    @asynccontextmanager
    async def connect(name):
        updates, updated = anyio.create_memory_object_stream(100)

        async def note(message):
            root = getattr(message, "root", None)
            if isinstance(root, types.ResourceUpdatedNotification):
                updates.send_nowait(str(root.params.uri))

        parameters = StdioServerParameters(command=binary, args=[name], env=environment)
        async with stdio_client(parameters) as (reader, writer):
            async with ClientSession(reader, writer, message_handler=note) as session:
                welcome = await session.initialize()
                assert welcome.protocolVersion == "2025-11-25"
                assert f'the agent "{name}"' in welcome.instructions
                yield Agent(session, updated)

    return connect


async def test_all_eight_tools(connect):
    async with connect("code") as code, connect("cowork") as cowork:
        await story.all_tools(code, cowork)


async def test_refusals(connect):
    async with connect("code") as code:
        await story.refusals(code)


async def test_cancellation(connect, database):
    async with connect("code") as code, connect("cowork") as cowork:
        await story.cancellation(code, cowork, database)


async def test_progress(connect):
    async with connect("cowork") as cowork:
        await story.progress(cowork)


async def test_the_lists(connect):
    async with connect("code") as code:
        session = code.session
        assert {tool.name for tool in (await session.list_tools()).tools} == shapes.TOOLS
        assert {str(resource.uri) for resource in (await session.list_resources()).resources} == shapes.RESOURCES
        templates = (await session.list_resource_templates()).resourceTemplates
        assert {template.uriTemplate for template in templates} == shapes.TEMPLATES
        assert {prompt.name for prompt in (await session.list_prompts()).prompts} == shapes.PROMPTS


async def test_resources_prompts_and_completion(connect):
    async with connect("code") as code, connect("cowork") as cowork:
        await code.call("send_message", to="cowork", content="x")
        contents = (await cowork.session.read_resource("bridge://inbox")).contents[0]
        assert contents.mimeType == "application/json" and '"content":"x"' in contents.text
        with pytest.raises(McpError) as error:
            await cowork.session.read_resource("bridge://messages/none")
        assert error.value.error.code == -32002
        prompt = await code.session.get_prompt("delegate", {"to": "cowork", "what": "the tests"})
        assert 'to the agent "cowork": the tests' in prompt.messages[0].content.text
        reference = types.PromptReference(type="ref/prompt", name="delegate")
        completed = await code.session.complete(reference, {"name": "to", "value": "co"})
        assert completed.completion.values == ["cowork"]


async def test_subscriptions(connect):
    async with connect("code") as code, connect("cowork") as cowork:
        await cowork.session.subscribe_resource("bridge://inbox")
        await code.call("send_message", to="cowork", content="x")
        with anyio.fail_after(15):
            assert await cowork.updates.receive() == "bridge://inbox"
        await cowork.session.unsubscribe_resource("bridge://inbox")
        await code.call("send_message", to="cowork", content="y")
        await cowork.call("list_agents")
        assert cowork.updates.statistics().current_buffer_used == 0
