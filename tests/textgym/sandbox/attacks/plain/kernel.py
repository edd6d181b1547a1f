# ruff: noqa
# fmt: off
# %% environment -> value ['LC_ALL', 'PYTHONDONTWRITEBYTECODE', 'PYTHONHASHSEED']
import os
sorted(os.environ)
# %% environment_of_the_parent -> error
import os
os.open(f"/proc/{PARENT_PID}/environ", os.O_RDONLY)
# %% memory_of_the_parent -> error
import os
os.open(f"/proc/{PARENT_PID}/mem", os.O_RDONLY)
# %% own_environment_file -> error
open("/proc/self/environ").read()
# %% own_maps -> error
open("/proc/self/maps").read()
# %% passwd -> error
open("/etc/passwd").read()
# %% write_a_file -> error
open("/tmp/textgym-attack", "w").write("x")
# %% append_in_shared_memory -> error
open("/dev/shm/textgym-attack", "a").write("x")
# %% temporary_file -> error
import os
os.open("/tmp", os.O_TMPFILE | os.O_RDWR)
# %% relative_path -> error
open("textgym-attack", "w")
# %% make_a_fifo -> error
import os
os.mkfifo("/tmp/textgym-attack")
# %% make_a_device -> error
import os
os.mknod("/tmp/textgym-attack")
# %% rename -> error
import os
os.rename("/etc/passwd", "/tmp/textgym-attack")
# %% hard_link -> error
import os
os.link("/etc/passwd", "/tmp/textgym-attack")
# %% truncate -> error
import os
os.truncate("/etc/passwd", 0)
# %% change_mode -> error
import os
os.chmod("/tmp", 0)
# %% walk -> value []
import os
list(os.walk("/"))
# %% connect_to_the_listener -> error
import socket
socket.create_connection(("127.0.0.1", TRAP_PORT), 1)
# %% connect_to_the_abstract_socket -> error
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("\0textgym-attack-" + str(PARENT_PID))
# %% datagram_to_the_listener -> error
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", TRAP_PORT))
# %% ipv6 -> error
import socket
socket.socket(socket.AF_INET6).connect(("::1", TRAP_PORT))
# %% resolve -> error
import socket
socket.getaddrinfo("localhost", 80)
# %% connect_its_own_descriptor -> error
import socket
s = socket.socket(fileno=3)
s.connect(("127.0.0.1", TRAP_PORT))
# %% listen -> error
import socket
socket.create_server(("127.0.0.1", 0))
# %% fork_bomb -> error
import os
while True: os.fork()
# %% thread_bomb -> error
import threading
while True: threading.Thread(target=lambda: None).start()
# %% multiprocessing -> error
import multiprocessing
multiprocessing.Process(target=print).start()
# %% subprocess -> error
import subprocess
subprocess.run(["/bin/sh", "-c", "touch /tmp/textgym-attack"])
# %% system -> value True
import os
os.system("touch /tmp/textgym-attack") != 0
# %% popen -> error
import os
os.popen("id").read()
# %% exec -> error
import os
os.execv("/bin/sh", ["sh", "-c", "touch /tmp/textgym-attack"])
# %% exec_by_libc -> value -1
import ctypes
ctypes.CDLL(None).execl(b"/bin/sh", b"sh", b"-c", b"touch /tmp/textgym-attack", None)
# %% kill_the_parent -> error
import os
os.kill(PARENT_PID, 9)
# %% stop_the_parent -> error
import os
os.kill(PARENT_PID, 19)
# %% kill_all -> error
import os
os.kill(-1, 9)
# %% kill_itself -> error or lost
import os, signal
os.kill(os.getpid(), signal.SIGKILL)
# %% abort -> lost
import os
os.abort()
# %% exit_at_once -> lost
import os
os._exit(0)
# %% segfault -> lost
import ctypes
ctypes.string_at(0)
# %% stack_overflow -> lost or error
import ctypes
F = ctypes.CFUNCTYPE(None)
f = F(lambda: f())
f()
# %% jump_into_data -> error or lost
import ctypes
code = ctypes.create_string_buffer(b"\xc3" * 64)
ctypes.CFUNCTYPE(None)(ctypes.addressof(code))()
# %% executable_memory -> error
import mmap
mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)
# %% shared_memory -> error
import mmap, os
mmap.mmap(os.open("/dev/zero", os.O_RDWR), 4096)
# %% raise_limits -> error
import resource
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
# %% raise_file_size -> error
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
# %% become_root -> error
import os
os.setuid(0)
# %% priority -> error
import os
os.nice(-20)
# %% descriptors -> value [0, 1, 2, 3]
import os
def is_open(fd):
    try:
        os.lseek(fd, 0, 1)
    except OSError as e:
        return e.errno != 9
    return True
[fd for fd in range(1024) if is_open(fd)]
# %% secrets_in_memory -> value []
import gc
sign = "can" + "ary"
[d for d in gc.get_objects() if isinstance(d, dict) and any(type(k) is str and sign in k.lower() for k in d)]
# %% catch_the_soft_limit -> stopped
while True:
    try:
        while True: pass
    except BaseException: pass
# %% switch_the_timer_off -> lost
import signal
signal.setitimer(signal.ITIMER_PROF, 0)
while True: pass
# %% ignore_signals -> lost
import signal
for number in range(1, 64):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
# %% sleep_for_ever -> timeout or lost or error
import time
for _ in range(10): time.sleep(0.01)
while True: pass
# %% memory -> error
x = bytearray(10 ** 9)
# %% memory_by_libc -> value 0
import ctypes
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_size_t
libc.malloc(ctypes.c_size_t(10 ** 10))
# %% patch_json -> lost
import json
json.dumps = None
# ===
import os
os._exit(3)
