"""verifiers runs text environments: its own episode machinery, and a model of the OpenAI kind that plays by heart."""

import asyncio
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gymnasium as gym
import pytest
import verifiers.v1 as vf
from verifiers.v1.utils.loaders import load_environment, resolve_env_config

pytestmark = pytest.mark.slow

KWARGS = {"protocol": "hermes", "source_kwargs": {"difficulty": 1}}


@contextmanager
def served(reply):
    """The address of a server of chat completions whose message is `reply(messages)`; nothing leaves this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            message = {"role": "assistant", "content": reply(body["messages"])}
            answer = {
                "id": "chat-1",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def play(reply, tasks, player=None, **taskset):
    """The traces of the first `tasks` tasks, played by a model that says `reply(messages)`."""
    config = resolve_env_config(
        {
            "taskset": {"id": "verifiers_text_calc", "env_kwargs": KWARGS, **taskset},
            "player": {"harness": {"id": "in_process_chat"}, **(player or {})},
        }
    )
    env = load_environment(config)

    async def episodes():
        with served(reply) as url:
            client = vf.EvalClientConfig(base_url=url, api_key_var="NO_KEY")
            context = vf.ModelContext(model="by-heart", client=client, sampling=vf.SamplingConfig())
            async with env.serving():
                slots = [slot for task in env.taskset.take(tasks) for slot in env.slots(task)]
                return await asyncio.gather(*(env.run_slot(slot, context) for slot in slots))

    played = asyncio.run(episodes())
    assert [error for episode in played for error in episode.errors] == []
    assert all(episode.ok for episode in played)
    return [trace for episode in played for trace in episode.traces]


@pytest.fixture(scope="module")
def oracle():
    """Question -> the oracle's turns as text, of the first tasks."""
    env = gym.make("textgym:TextCalc-v0", **KWARGS).unwrapped
    turns = {}
    for seed in range(4):
        env.reset(seed=seed)
        decode = env.rules.tokenizer.decode
        turns[env.task.prompt] = [decode(ids).removesuffix("<|im_end|>") for ids in env.oracle_turns()]
    return env, turns


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    from verifiers.v1.runtimes import subprocess

    monkeypatch.setattr(subprocess, "CACHE_DIR", tmp_path)


def by_heart(turns):
    def reply(messages):
        (question,) = [m["content"] for m in messages if m["role"] == "user"][:1]
        return turns[question][sum(m["role"] == "assistant" for m in messages)]

    return reply


def test_the_oracle_earns_all(oracle):
    env, turns = oracle
    traces = play(by_heart(turns), 3)
    assert [trace.reward for trace in traces] == [1.0, 1.0, 1.0]
    for trace, (question, said) in zip(traces, turns.items(), strict=False):
        assert trace.metrics == {"correct": 1.0, "is_success": 1.0}
        assert trace.info["stop_reason"] == "submit"
        assert [message.role for message in trace.messages] == ["system", "user", "assistant", "user", "assistant"]
        system, asked, *_ = [message.content for message in trace.messages]
        assert (system, asked) == (env.rules.system, question)
        assert [message.content for message in trace.assistant_messages] == said
        call = json.loads(said[0].removeprefix("<tool_call>").removesuffix("</tool_call>"))
        assert trace.messages[3].content == env.rules.tools["calculator"].run(call["arguments"])[1]  # the tool's reply
        assert trace.task.data.prompt == question
        assert said[-1] not in json.dumps(trace.task.data.model_dump(exclude={"prompt", "system_prompt"}))  # no answer


def test_a_wrong_answer_earns_nothing_and_seeds_choose_tasks(oracle):
    _, turns = oracle
    questions = list(turns)
    (trace,) = play(lambda messages: "no idea", 1, first_seed=2)
    assert trace.reward == 0
    assert trace.metrics == {"correct": 0.0, "is_success": 0.0}
    assert trace.messages[1].content == questions[2]


def test_budgets_hold():
    call = '<tool_call>{"name": "calculator", "arguments": {"expression": "1+1"}}</tool_call>'
    (trace,) = play(lambda messages: call, 1, env_kwargs={**KWARGS, "max_turns": 3})
    assert trace.info["stop_reason"] == "max_turns"
    assert [m.content for m in trace.messages if m.role == "user"][1:] == ["2", "2"]
    assert trace.reward == 0


def test_a_limit_of_verifiers_stops_the_episode(oracle):
    _, turns = oracle
    (trace,) = play(by_heart(turns), 1, player={"max_turns": 1})
    assert trace.num_turns == 1
    assert trace.info["stop_reason"] is None
    assert trace.reward == trace.metrics["is_success"] == 0
