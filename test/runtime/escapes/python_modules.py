"""Ways out that the standard library offers."""

import os
import sys

from attempt import attempt, canary, port


@attempt
def read_canary():
    return open(canary).read()


@attempt
def read_canary_low_level():
    return os.read(os.open(canary, os.O_RDONLY), 100)


@attempt
def write_canary():
    os.makedirs(os.path.dirname(canary), exist_ok=True)
    with open(canary, 'w') as f:
        f.write('changed')
    # Inside this succeeds, on a copy; the test looks at the host's file.


@attempt
def traverse_out():
    return open('../' * 30 + canary.lstrip('/')).read().replace('changed', '') or None


@attempt
def etc_passwd():
    return open('/etc/passwd').read()


@attempt
def host_folders():
    return [name for name in os.listdir('/') if name in ('etc', 'usr', 'var', 'root', 'bin', 'Users', 'Windows')] or None


@attempt
def link_to_canary():
    os.symlink('/etc/passwd', '/tmp/link')
    return open('/tmp/link').read()


@attempt
def proc_root():
    return os.listdir('/proc/self/root')


@attempt
def proc_environ():
    return open('/proc/self/environ').read()


@attempt
def proc_cwd():
    return os.listdir('/proc/self/cwd')


@attempt
def proc_parent():
    return os.listdir('/proc/1')


@attempt
def inherited_descriptors():
    for fd in range(5, 64):
        try:
            os.write(fd, b'x')
        except OSError:
            continue
        return fd


@attempt
def device_memory():
    return open('/dev/mem', 'rb').read(4)


@attempt
def make_block_device():
    os.mknod('/tmp/disk', 0o60666, os.makedev(8, 0))
    return open('/tmp/disk', 'rb').read(4)


@attempt
def make_unknown_devices():
    for major in range(80, 256):
        path = f'/tmp/dev{major}'
        os.mknod(path, 0o20666, os.makedev(major, 0))
        try:
            return major, open(path, 'rb').read(1)
        except OSError:
            pass


@attempt
def device_standard_input():
    for path in ('/dev/tty', '/dev/tty1'):
        try:
            with open(path, 'rb', buffering=0) as f:
                got = f.read(1)
            if got:
                return got
        except OSError:
            pass


@attempt
def shell():
    return os.system('echo x') == 0 or None


@attempt
def shell_touches_canary():
    os.system(f'echo changed > {canary}')


@attempt
def popen():
    return os.popen('echo x').read()


@attempt
def run_process():
    import subprocess

    return subprocess.run(['echo', 'x'], capture_output=True)


@attempt
def spawn():
    return os.posix_spawn('/bin/sh', ['sh', '-c', 'true'], {})


@attempt
def execute():
    os.execv('/bin/sh', ['sh'])


@attempt
def fork():
    return os.fork()


@attempt
def multiprocess():
    import multiprocessing

    process = multiprocessing.Process(target=print)
    process.start()
    return process.pid


@attempt
def thread():
    import threading

    worker = threading.Thread(target=int)
    worker.start()
    return worker


@attempt
def kill_parent():
    for pid in (os.getppid(), 1):
        if pid > 0:
            os.kill(pid, 0)
            return pid


@attempt
def connect():
    import socket

    s = socket.create_connection(('127.0.0.1', port), timeout=1)
    s.sendall(b'GET / HTTP/1.0\r\n\r\n')
    return s.recv(10)


@attempt
def send_datagram():
    import socket

    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    return s.sendto(b'x', ('127.0.0.1', port))


@attempt
def listen():
    import socket

    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    s.listen()
    return s.getsockname()


@attempt
def fetch_url():
    import urllib.request

    return urllib.request.urlopen(f'http://127.0.0.1:{port}/', timeout=1).read()


@attempt
def http_client():
    import http.client

    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=1)
    connection.request('GET', '/')
    return connection.getresponse().status


@attempt
def asyncio_connect():
    import asyncio

    loop = asyncio.new_event_loop()
    return loop.run_until_complete(asyncio.open_connection('127.0.0.1', port))


@attempt
def map_file():
    import mmap

    with open(canary, 'r+b') as f:
        return bytes(mmap.mmap(f.fileno(), 0)).replace(b'changed', b'') or None


@attempt
def environment():
    # The test puts a secret into its own environment.
    return [v for v in os.environ.values() if 'secret' in v] or os.environ.get('BACKPROP_CANARY')


@attempt
def environment_of_node():
    return sys.executable if os.path.exists(sys.executable or '/none') and 'node' in sys.executable else None


@attempt
def sqlite_file():
    import sqlite3

    sqlite3.connect(canary + '.db').execute('create table t(x)')
