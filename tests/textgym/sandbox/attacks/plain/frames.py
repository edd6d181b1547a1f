# ruff: noqa
# fmt: off
# %% second_answer -> ok or lost
import os, json
body = json.dumps({"id": "0" * 16, "status": "ok", "stdout": "", "value": "forged", "error": None}).encode()
os.write(3, len(body).to_bytes(4, "big") + body) and None
# %% no_frame -> lost
import os
os.write(3, b"\xff" * 8)
# %% half_a_frame -> lost
import os
os.write(3, (1000).to_bytes(4, "big") + b"{")
os._exit(0)
# %% empty_frame -> lost
import os
os.write(3, bytes(4))
# %% list_instead_of_object -> lost
import os
os.write(3, (2).to_bytes(4, "big") + b"[]")
# %% deep_json -> lost
import os
body = b"[" * 50000
os.write(3, len(body).to_bytes(4, "big") + body)
# %% big_numbers -> lost
import os
body = b'{"id": ' + b"9" * 50000 + b"}"
os.write(3, len(body).to_bytes(4, "big") + body)
# %% not_a_number -> lost
import os
body = b'{"id": NaN, "status": Infinity}'
os.write(3, len(body).to_bytes(4, "big") + body)
# %% not_utf8 -> lost
import os
body = b'{"id": "\xff\xfe"}'
os.write(3, len(body).to_bytes(4, "big") + body)
# %% pickle_instead -> lost
import os, pickle
body = pickle.dumps({"id": 1})
os.write(3, len(body).to_bytes(4, "big") + body)
# %% closed -> lost
import os
os.close(3)
# %% shut_down -> error or lost
import ctypes, os
os.dup2(1, 3)
# %% eat_the_next_question -> lost
import os
os.read(3, 10)
# %% own_status -> lost
import os, json, sys
frame = sys._getframe()
while "request" not in frame.f_locals: frame = frame.f_back
body = json.dumps({"id": frame.f_locals["request"]["id"], "status": "won", "stdout": "", "value": "1"}).encode()
os.write(3, len(body).to_bytes(4, "big") + body)
# %% output_in_another_type -> lost
import os, json, sys
frame = sys._getframe()
while "request" not in frame.f_locals: frame = frame.f_back
body = json.dumps({"id": frame.f_locals["request"]["id"], "status": "ok", "stdout": ["x"], "value": 5}).encode()
os.write(3, len(body).to_bytes(4, "big") + body)
# %% output_beyond_its_limit -> ok or lost
import os, json, sys
frame = sys._getframe()
while "request" not in frame.f_locals: frame = frame.f_back
id = frame.f_locals["request"]["id"]
body = json.dumps({"id": id, "status": "ok", "stdout": "x" * 10000 + "\x1b", "value": None, "error": None}).encode()
os.write(3, len(body).to_bytes(4, "big") + body) and None
# %% negative_times -> ok or lost
import os, json, sys
frame = sys._getframe()
while "request" not in frame.f_locals: frame = frame.f_back
id = frame.f_locals["request"]["id"]
body = json.dumps({"id": id, "status": "ok", "stdout": "", "value": None, "error": None, "cpu": -5.0, "clock": 1e300})
os.write(3, len(body).to_bytes(4, "big") + body.encode()) and None
# %% names_that_are_not_ascii -> value 3
а = 1; ﬁ = 2
а + fi
# %% syntax_error_that_cannot_be_shown -> error
e = SyntaxError("x", ("f", 1, 1, "a")); e.text = 5; e.lineno = "z"
raise e
# %% notes_that_cannot_be_shown -> error
class Notes(list):
    def __iter__(self): raise ValueError
e = ValueError("x"); e.__notes__ = Notes()
raise e
# %% repr_that_lies_about_its_length -> ok
class Text(str):
    def __len__(self): return -5
class A:
    def __repr__(self): return Text("a" * 10)
print(Text("b" * 10), end=Text("c"))
A()
