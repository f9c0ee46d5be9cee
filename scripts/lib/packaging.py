"""Fills in what only a build knows: packaging.py manifest PROGRAM PLATFORM | server OWNER/REPOSITORY VERSION BUNDLE...

manifest: the manifest of the desktop extension. server: server.json of the MCP registry. Both go to standard output.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]


def ask(program, *requests):
    """What the program answers as a server, in a HOME of its own."""
    lines = "".join(json.dumps({"jsonrpc": "2.0", **request}) + "\n" for request in requests)
    with tempfile.TemporaryDirectory() as home:
        answer = subprocess.run([program, "serve"], input=lines, env={"HOME": home}, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in answer.stdout.splitlines()]


def manifest(program, platform):
    start = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "package", "version": "1"}}
    answers = ask(
        program, {"id": 1, "method": "initialize", "params": start}, {"method": "notifications/initialized"}, {"id": 2, "method": "tools/list"}
    )
    result = {answer.get("id"): answer["result"] for answer in answers}
    manifest = json.loads((root / "packaging/manifest.json").read_text())
    manifest["version"] = result[1]["serverInfo"]["version"]
    # The first sentence is for people; the rest is for the model.
    manifest["tools"] = [{"name": tool["name"], "description": tool["description"].split(". ")[0].rstrip(".") + "."} for tool in result[2]["tools"]]
    manifest["compatibility"] = {"platforms": [platform]}
    return manifest


def server(repository, version, *bundles):
    owner = repository.split("/")[0].lower()
    text = (root / "packaging/server.json").read_text().replace("OWNER", owner).replace("VERSION", version)
    described = json.loads(text)
    described["repository"] = {"url": f"https://github.com/{repository}", "source": "github"}
    for bundle in map(pathlib.Path, bundles):
        described["packages"].append({
            "registryType": "mcpb",
            "identifier": f"https://github.com/{repository}/releases/download/v{version}/{bundle.name}",
            "version": version,
            "fileSha256": hashlib.sha256(bundle.read_bytes()).hexdigest(),
            "transport": {"type": "stdio"},
        })
    return described


action, *arguments = sys.argv[1:]
print(json.dumps({"manifest": manifest, "server": server}[action](*arguments), indent=2, ensure_ascii=False))
