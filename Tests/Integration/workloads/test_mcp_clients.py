"""Real clients: the newest Python SDK, which is stateless where it can be, and one of version 1, which is not."""

import asyncio
import importlib.metadata
import json
import os
import subprocess
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters

from harness import DEADLINE, HERE, REPOSITORY, metric

MCP1_PYTHON = Path(os.environ.get("MCP1_PYTHON", REPOSITORY / ".venv-mcp1/bin/python"))
MODERN = "2026-07-28"
LEGACY = "2025-11-25"


def stdio(binaries, environment):
    return StdioServerParameters(command=str(binaries / "mcp-database"), env=dict(os.environ) | environment)


def url(service):
    return f"http://127.0.0.1:{service.port}/mcp"


def run(conversation):
    return asyncio.run(asyncio.wait_for(conversation, DEADLINE))


def version_1(transport, target, tool, arguments, environment=None):
    done = subprocess.run(
        [MCP1_PYTHON, HERE / "mcp_v1_client.py", transport, target, tool, json.dumps(arguments)],
        env=dict(os.environ) | (environment or {}),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("mode, protocol", [("auto", MODERN), (MODERN, MODERN), ("legacy", LEGACY)])
def test_the_newest_client_reads_the_database_over_stdio(binaries, mcp_database, mode, protocol):
    assert importlib.metadata.version("mcp").startswith("2.")

    async def conversation():
        async with Client(stdio(binaries, mcp_database), mode=mode) as client:
            assert client.protocol_version == protocol
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(tools) == {"query_items", "describe_items"}
            assert tools["query_items"].input_schema["properties"]["limit"]["maximum"] == 100
            result = await client.call_tool("query_items", {"name": "GRIND", "max_price": 9000})
            assert not result.is_error
            assert [item["name"] for item in result.structured_content["items"]] == ["Grinder"]
            assert json.loads(result.content[0].text) == result.structured_content
            summary = (await client.call_tool("describe_items", {})).structured_content
            assert summary["count"] >= 3 and summary["lowest_price"] <= summary["highest_price"]

    run(conversation())


def test_wrong_arguments_are_a_result_from_which_a_model_can_learn(binaries, mcp_database):
    async def conversation():
        async with Client(stdio(binaries, mcp_database)) as client:
            for arguments, reason in [
                ({"limit": 0}, "limit should be a whole number from 1 to 100"),
                ({"name": 7}, "name should be a text"),
                ({"nome": "x"}, "unknown argument: nome"),
            ]:
                result = await client.call_tool("query_items", arguments)
                assert result.is_error and result.content[0].text == reason

    run(conversation())


def test_many_requests_at_once_are_all_answered(binaries, mcp_database):
    async def conversation():
        async with Client(stdio(binaries, mcp_database)) as client:
            calls = [client.call_tool("query_items", {"limit": limit}) for limit in range(1, 61)]
            results = await asyncio.gather(*calls)
            for limit, result in enumerate(results, 1):
                assert len(result.structured_content["items"]) <= limit

    run(conversation())


@pytest.mark.parametrize("mode, protocol", [("auto", MODERN), (MODERN, MODERN), ("legacy", LEGACY)])
def test_the_newest_client_asks_for_the_stack_over_http(mcp_stack, mode, protocol):
    async def conversation():
        async with Client(url(mcp_stack), mode=mode) as client:
            assert client.protocol_version == protocol
            assert [tool.name for tool in (await client.list_tools()).tools] == ["stack_status"]
            result = await client.call_tool("stack_status", {})
            assert "backend" in [service["name"] for service in result.structured_content["services"]]
            one = await client.call_tool("stack_status", {"service": "gateway"})
            assert [service["name"] for service in one.structured_content["services"]] == ["gateway"]
            none = await client.call_tool("stack_status", {"service": "nobody"})
            assert none.is_error and none.content[0].text == "no such service: nobody"

    run(conversation())


def test_a_client_of_version_1_reads_the_database_over_stdio(binaries, mcp_database):
    heard = version_1("stdio", str(binaries / "mcp-database"), "query_items", {"name": "kettle"}, mcp_database)
    assert heard["sdk"].startswith("1.")
    assert heard["protocol"] == LEGACY
    assert heard["tools"] == ["query_items", "describe_items"]
    assert {item["name"] for item in heard["structured"]["items"]} == {"Kettle"}


def test_a_client_of_version_1_asks_for_the_stack_over_http(mcp_stack):
    before = metric(mcp_stack.admin, "mcp_tool_calls_total")
    heard = version_1("http", url(mcp_stack), "stack_status", {"service": "backend"})
    assert heard["protocol"] == LEGACY and heard["session"]
    assert heard["structured"]["services"][0]["name"] == "backend"
    assert metric(mcp_stack.admin, "mcp_tool_calls_total") > before
