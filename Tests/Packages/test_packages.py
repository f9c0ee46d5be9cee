"""Installs each package that scripts/package made, in a fresh place, and uses it; checks the files that describe them."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from mcp import Client, StdioServerParameters, stdio_client

NAME = "cowork-code-mcp-server"
ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = pathlib.Path(os.environ["PACKAGES"])


def only(pattern):
    found = list(FOLDER.glob(pattern))
    assert len(found) == 1, f"{pattern}: {found}"
    return found[0]


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def use(run_program):
    """A message goes from one agent to the other."""
    run_program("send", "cowork", "Hello")
    assert "Hello" in run_program("read", "--as", "cowork")
    return run_program("--version").strip()


def test_the_archive_runs_where_it_is_unpacked(tmp_path):
    archive = only("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "opt", filter="data")
    folder = tmp_path / "opt" / archive.name.removesuffix(".tar.gz")
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    version = use(lambda *words: run(folder / "bin" / NAME, *words, env=environment))
    assert version in archive.name
    for file in [f"doc/{NAME}/README.md", f"doc/{NAME}/LICENSE", f"man/man1/{NAME}.1", f"bash-completion/completions/{NAME}"]:
        assert (folder / "share" / file).stat().st_size > 100
    assert archive.stat().st_size < 60_000_000


IN_A_FRESH_ROOT = f"""
set -eu
apt-get install -qq -y --no-install-recommends "/tmp/$PACKAGE" >/dev/null
export HOME=/tmp
{NAME} send cowork Hello >/dev/null
{NAME} read --as cowork | grep -q Hello
[ "$({NAME} --version)" = "$(dpkg-query -f '${{Version}}' -W {NAME})" ]
for file in man/man1/{NAME}.1.gz doc/{NAME}/copyright doc/{NAME}/changelog.gz zsh/vendor-completions/_{NAME}; do
  dpkg-query -L {NAME} | grep -qx "/usr/share/$file"
done
dpkg --purge {NAME} >/dev/null
[ ! -e /usr/bin/{NAME} ]
[ -s /tmp/.cowork-code-mcp/messages.db ]
"""

if sys.platform == "linux":

    def test_the_debian_package_comes_and_goes(tmp_path):
        package = only("*.deb")
        sources = [str(path) for path in pathlib.Path("/etc/apt/sources.list.d").glob("*.sources")] or ["/etc/apt/sources.list"]
        (tmp_path / "check").write_text(IN_A_FRESH_ROOT)
        run(
            "mmdebstrap", "--variant=apt", "--format=null",
            f"--customize-hook=copy-in {package} {tmp_path / 'check'} /tmp",
            f'--customize-hook=chroot "$1" env PACKAGE={package.name} sh /tmp/check',
            "", "-", *sources,
        )  # fmt: skip


@pytest.mark.anyio
async def test_the_extension_starts_as_its_manifest_says(tmp_path):
    bundle = only("*.mcpb")
    # As Claude Desktop unpacks it.
    run("unzip", "-q", str(bundle), "-d", str(tmp_path / "extension"))
    manifest = json.loads((tmp_path / "extension/manifest.json").read_text())
    assert manifest["manifest_version"] == "0.3" and manifest["server"]["type"] == "binary"
    assert (tmp_path / "extension" / manifest["server"]["entry_point"]).stat().st_mode & 0o111
    assert (tmp_path / "extension" / manifest["icon"]).read_bytes().startswith(b"\x89PNG")
    # Desktop refuses unknown keys.
    assert manifest.keys() <= {
        "manifest_version", "name", "display_name", "version", "description", "long_description", "author", "license", "icon", "keywords",
        "server", "tools", "user_config", "compatibility",
    }
    for setting in manifest["user_config"].values():
        assert {"type", "title", "description"} <= setting.keys() <= {"type", "title", "description", "required", "default", "sensitive"}

    # What the user left out stays as it is; what has a default is filled in.
    values = {"__dirname": str(tmp_path / "extension")}
    values |= {f"user_config.{key}": setting["default"] for key, setting in manifest["user_config"].items() if "default" in setting}
    command = manifest["server"]["mcp_config"]
    command, *words = [
        re.sub(r"\$\{([^}]+)\}", lambda match: values.get(match[1], match[0]), word) for word in [command["command"], *command["args"]]
    ]
    server = StdioServerParameters(command=command, args=words, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    async with Client(stdio_client(server)) as client:
        tools = (await client.list_tools()).tools
        agents = (await client.call_tool("list_agents", {})).structured_content
    assert agents["self"] == "cowork"
    assert [tool["name"] for tool in manifest["tools"]] == [tool.name for tool in tools]
    assert (tmp_path / ".cowork-code-mcp/messages.db").exists()


def test_the_files_for_the_registry_and_for_plugins_follow_their_rules(tmp_path):
    described = json.loads((FOLDER / "server.json").read_text())
    bundles = [package for package in described["packages"] if package["registryType"] == "mcpb"]
    assert [package["fileSha256"] for package in bundles] == [hashlib.sha256(only("*.mcpb").read_bytes()).hexdigest()]
    image = next(package for package in described["packages"] if package["registryType"] == "oci")
    assert image["identifier"].endswith(":" + described["version"])
    assert described["name"].startswith("io.github." + image["identifier"].split("/")[1] + "/")
    shutil.copytree(ROOT / "plugin", tmp_path / "plugin")
    shutil.copytree(ROOT / ".claude-plugin", tmp_path / ".claude-plugin")
    shutil.copy(FOLDER / "server.json", tmp_path)
    run(pathlib.Path(sys.executable).parent / "skillsaw", "lint", "--strict", str(tmp_path))
    broken = described | {"description": "x" * 101}
    (tmp_path / "server.json").write_text(json.dumps(broken))
    lint = subprocess.run([pathlib.Path(sys.executable).parent / "skillsaw", "lint", "--strict", str(tmp_path)], capture_output=True)
    assert lint.returncode != 0


def test_one_version_everywhere():
    version = json.loads((FOLDER / "server.json").read_text())["version"]
    assert json.loads((ROOT / "plugin/.claude-plugin/plugin.json").read_text())["version"] == version
    assert f"-{version}-" in only("*.tar.gz").name


def test_the_plugin_has_the_hooks_that_install_writes(tmp_path):
    with tarfile.open(only("*.tar.gz")) as tar:
        tar.extractall(tmp_path, filter="data")
    program = next(tmp_path.glob("*/bin")) / NAME
    run(program, "install", "claude-code", "--hooks", env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})

    def events(path):
        hooks = json.loads(path.read_text())["hooks"]
        return {
            event: [
                ({key: hook[key] for key in hook if key not in ("command", "args")},
                 re.search(r"hook'?,? '?(\w+)", " ".join([hook["command"], *hook.get("args", [])]))[1])
                for group in groups for hook in group["hooks"]
            ]
            for event, groups in hooks.items()
        }

    assert events(ROOT / "plugin/hooks/hooks.json") == events(tmp_path / ".claude/settings.json")


def test_the_plugin_is_silent_without_the_program(tmp_path):
    hooks = json.loads((ROOT / "plugin/hooks/hooks.json").read_text())["hooks"]
    for group in sum(hooks.values(), []):
        for hook in group["hooks"]:
            done = subprocess.run(["/bin/sh", "-c", hook["command"]], env={"PATH": str(tmp_path)}, capture_output=True)
            assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_checksums_are_those_of_the_packages():
    lines = dict(reversed(line.split()) for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
    packages = {path.name for path in FOLDER.iterdir()} - {"SHA256SUMS"}
    assert lines == {name: hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() for name in packages}


@pytest.fixture
def anyio_backend():
    return "asyncio"
