"""A harness of verifiers that is one request: the program of its own `null` harness would fetch packages first."""

import httpx
import verifiers.v1 as vf
from verifiers.v1.dialects.chat import message_to_wire

__all__ = ["InProcessChat"]


class InProcessChat(vf.Harness[vf.HarnessConfig]):
    """Sends the conversation so far to the endpoint that it is given, in this process."""

    APPENDS_SYSTEM_PROMPT = True
    SUPPORTS_RESUME = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(self, ctx, trace, runtime, endpoint, secret, mcp_urls, data):
        system, prompt = self.resolve_prompt(data)
        messages = [vf.SystemMessage(content=system)] if system else []
        messages += [vf.UserMessage(content=prompt)] if isinstance(prompt, str) else prompt
        body = {"model": ctx.model, "messages": [message_to_wire(message) for message in messages]}
        async with httpx.AsyncClient() as client:
            headers = {"Authorization": f"Bearer {secret}"}
            response = await client.post(f"{endpoint}/chat/completions", json=body, headers=headers, timeout=30)
        response.raise_for_status()
        return vf.ProgramResult(exit_code=0, stdout="", stderr="")
