"""The official SDK from version 2 on, in each of its modes. Its validation of structured results is on."""

from contextlib import asynccontextmanager

import anyio
import mcp_types as types
import pytest
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.client.subscriptions import ResourceUpdated

import shapes
import story

pytestmark = pytest.mark.anyio
MODES = {"auto": "2026-07-28", "legacy": "2025-11-25", "2026-07-28": "2026-07-28"}
modes = pytest.mark.parametrize("mode", MODES)


class Agent:
    def __init__(self, client, updates):
        self.client = client
        self.updates = updates
        self.schemas = None

    async def call(self, tool, progress=None, **arguments):
        if self.schemas is None:
            self.schemas = {tool.name: tool.output_schema for tool in (await self.client.list_tools()).tools}
        result = await self.client.call_tool(tool, arguments, progress_callback=progress)
        assert not result.is_error, result.content
        return shapes.check(tool, result.structured_content, result.content[0].text, self.schemas[tool])

    async def refused(self, tool, **arguments):
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error
        return result.content[0].text


@pytest.fixture
def connect(binary, environment):
    @asynccontextmanager
    async def connect(name, mode):
        updates, updated = anyio.create_memory_object_stream(100)

        async def note(message):
            if isinstance(message, types.ResourceUpdatedNotification):
                updates.send_nowait(str(message.params.uri))

        parameters = StdioServerParameters(command=binary, args=[name], env=environment)
        async with Client(parameters, mode=mode, message_handler=note) as client:
            assert client.protocol_version == MODES[mode]
            yield Agent(client, updated)

    return connect


@modes
async def test_all_eight_tools(connect, mode):
    async with connect("code", mode) as code, connect("cowork", mode) as cowork:
        await story.all_tools(code, cowork)


@modes
async def test_refusals(connect, mode):
    async with connect("code", mode) as code:
        await story.refusals(code)


@modes
async def test_cancellation(connect, mode, database):
    async with connect("code", mode) as code, connect("cowork", mode) as cowork:
        await story.cancellation(code, cowork, database)


@modes
async def test_progress(connect, mode):
    async with connect("cowork", mode) as cowork:
        await story.progress(cowork)


@modes
async def test_the_lists(connect, mode):
    async with connect("code", mode) as code:
        client = code.client
        assert {tool.name for tool in (await client.list_tools()).tools} == shapes.TOOLS
        assert {str(resource.uri) for resource in (await client.list_resources()).resources} == shapes.RESOURCES
        templates = (await client.list_resource_templates()).resource_templates
        assert {template.uri_template for template in templates} == shapes.TEMPLATES
        assert {prompt.name for prompt in (await client.list_prompts()).prompts} == shapes.PROMPTS
        # In the fixed mode this client sends nothing before its first request.
        if mode != "2026-07-28":
            assert client.server_info.name == "cowork-code-mcp-server"
            assert 'the agent "code"' in client.instructions


@modes
async def test_resources_are_read_and_mark_nothing(connect, mode):
    async with connect("code", mode) as code, connect("cowork", mode) as cowork:
        sent = await code.call("send_message", to="cowork", content="x")
        for uri in ("bridge://inbox", "bridge://messages/" + sent["message_id"]):
            contents = (await cowork.client.read_resource(uri)).contents[0]
            assert contents.mime_type == "application/json" and '"content":"x"' in contents.text
        with pytest.raises(MCPError) as error:
            await cowork.client.read_resource("bridge://messages/none")
        assert error.value.code == (-32002 if mode == "legacy" else -32602)
        assert len((await cowork.call("read_messages"))["messages"]) == 1


@modes
async def test_prompts_and_completion(connect, mode):
    async with connect("code", mode) as code:
        prompt = await code.client.get_prompt("delegate", {"to": "cowork", "what": "the tests"})
        assert 'to the agent "cowork": the tests' in prompt.messages[0].content.text
        reference = types.PromptReference(type="ref/prompt", name="delegate")
        completed = await code.client.complete(reference, {"name": "to", "value": "co"})
        assert completed.completion.values == ["cowork"]
        with pytest.raises(MCPError) as error:
            await code.client.get_prompt("delegate", {"to": "cowork"})
        assert error.value.code == -32602


@pytest.mark.filterwarnings("ignore:resources/")
async def test_subscriptions_of_the_handshake(connect):
    async with connect("code", "legacy") as code, connect("cowork", "legacy") as cowork:
        await cowork.client.subscribe_resource("bridge://inbox")
        await code.call("send_message", to="cowork", content="x")
        with anyio.fail_after(15):
            assert await cowork.updates.receive() == "bridge://inbox"
        await cowork.client.unsubscribe_resource("bridge://inbox")
        await code.call("send_message", to="cowork", content="y")
        await cowork.call("list_agents")
        assert cowork.updates.statistics().current_buffer_used == 0


@pytest.mark.parametrize("mode", ["auto", "2026-07-28"])
async def test_subscriptions_per_request(connect, mode):
    async with connect("code", mode) as code, connect("cowork", mode) as cowork:
        async with cowork.client.listen(resource_subscriptions=["bridge://inbox", "bridge://tasks"]) as subscription:
            assert set(map(str, subscription.honored.resource_subscriptions)) == {"bridge://inbox", "bridge://tasks"}
            await code.call("create_task", to="cowork", title="t", description="")
            with anyio.fail_after(15):
                event = await anext(subscription)
        assert isinstance(event, ResourceUpdated) and str(event.uri) == "bridge://tasks"
