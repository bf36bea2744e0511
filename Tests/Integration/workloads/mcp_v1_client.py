"""Talks to a server with version 1 of the Python SDK, which knows the handshake only; prints what it heard as JSON.

usage: mcp_v1_client.py http URL TOOL ARGUMENTS | mcp_v1_client.py stdio PROGRAM TOOL ARGUMENTS
"""

import asyncio
import importlib.metadata
import json
import os
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamablehttp_client


async def converse(session: ClientSession, tool: str, arguments: dict) -> dict:
    greeting = await session.initialize()
    await session.send_ping()
    tools = await session.list_tools()
    result = await session.call_tool(tool, arguments)
    return {
        "sdk": importlib.metadata.version("mcp"),
        "protocol": greeting.protocolVersion,
        "server": greeting.serverInfo.name,
        "tools": [tool.name for tool in tools.tools],
        "isError": result.isError,
        "structured": result.structuredContent,
        "text": result.content[0].text,
    }


async def main() -> None:
    transport, target, tool, arguments = sys.argv[1:]
    if transport == "http":
        async with streamablehttp_client(target) as (read, write, session_id):
            async with ClientSession(read, write) as session:
                heard = await converse(session, tool, json.loads(arguments))
                heard["session"] = session_id()
    else:
        server = StdioServerParameters(command=target, env=dict(os.environ))
        async with stdio_client(server) as (read, write):
            async with ClientSession(read, write) as session:
                heard = await converse(session, tool, json.loads(arguments))
    print(json.dumps(heard))


asyncio.run(main())
