"""What is measured and what measures it: the processes, their cores, their CPU time and memory."""
import http.cookiejar
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build", "bench")
PASSWORD = "correct-horse-9"
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
MODEL, STREAM_MODEL, HOLD_MODEL = "gpt-4o-mini", "stream-200-5", "hold-600"

_cores = sorted(os.sched_getaffinity(0))
PROXY_CORES = {_cores[0]}
LOAD_CORES = set(_cores[1:3]) or PROXY_CORES
ALL_CORES = set(_cores)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for_port(port, process, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with code {process.returncode}")
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Process:
    """A child on its cores, with its output in a file of the work folder."""

    def __init__(self, name, argv, folder, cores, env=None):
        self.name, self.log = name, os.path.join(folder, name + ".log")
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(
                argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=lambda: os.sched_setaffinity(0, cores))

    def pids(self):
        """The child and its children: nginx works in a child of the one that was started."""
        pid = self.child.pid
        children = read(f"/proc/{pid}/task/{pid}/children").split()
        return [pid] + [int(child) for child in children]

    def cpu(self):
        """Nanoseconds on a processor, by thread name. schedstat counts them; where the kernel has none, stat has ticks."""
        used = {}
        for pid in self.pids():
            for tid in os.listdir(f"/proc/{pid}/task"):
                task = f"/proc/{pid}/task/{tid}"
                try:
                    name = read(task + "/comm").strip()
                    if os.path.exists(task + "/schedstat"):
                        ns = int(read(task + "/schedstat").split()[0])
                    else:
                        fields = read(task + "/stat").rsplit(")", 1)[1].split()
                        ns = (int(fields[11]) + int(fields[12])) * 10**9 // os.sysconf("SC_CLK_TCK")
                except FileNotFoundError:
                    continue
                used[name] = used.get(name, 0) + ns
        return used

    def cpu_when_quiet(self):
        """After the work that is put off, too: waits until nothing runs any more."""
        before = self.cpu()
        for _ in range(300):
            time.sleep(0.1)
            after = self.cpu()
            if sum(after.values()) - sum(before.values()) < 2_000_000:
                return after
            before = after
        raise RuntimeError(f"{self.name} does not come to rest")

    def rss(self):
        """Bytes that are resident."""
        pages = sum(int(read(f"/proc/{pid}/statm").split()[1]) for pid in self.pids())
        return pages * os.sysconf("SC_PAGE_SIZE")

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class Upstream(Process):
    def __init__(self, folder):
        self.port = free_port()
        super().__init__("fake_upstream", [f"{BUILD}/bin/fake_upstream", "--port", str(self.port)], folder, LOAD_CORES)
        wait_for_port(self.port, self.child)


class Nginx(Process):
    token = "sk-bench"

    def __init__(self, folder, upstream_port):
        self.port = free_port()
        home = os.path.join(folder, "nginx")
        os.makedirs(home)
        config = os.path.join(home, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(self.config(home, upstream_port))
        super().__init__("nginx", [shutil.which("nginx") or "/usr/sbin/nginx", "-e", f"{home}/error.log", "-c", config],
                         folder, PROXY_CORES)
        wait_for_port(self.port, self.child)

    def config(self, home, upstream_port):
        temp = "".join(f"  {kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return f"""
daemon off;
worker_processes 1;
worker_rlimit_nofile {descriptors()};
pid {home}/nginx.pid;
error_log {home}/error.log warn;
events {{ worker_connections {4 * descriptors()}; }}
http {{
{temp}  access_log off;
  keepalive_requests 1000000000;
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  upstream fake {{ server 127.0.0.1:{upstream_port}; keepalive 1024; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    location / {{
      proxy_pass http://fake;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 900s;
    }}
  }}
}}
"""

    def prepare_threads(self, shared):
        pass

    def split(self, used):
        return sum(used.values()), sum(used.values())


class YourApi(Process):
    def __init__(self, folder, upstream_port, data="data"):
        self.folder, self.data, self.upstream_port = folder, os.path.join(folder, data), upstream_port
        self.port = free_port()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        self.user_id = -1
        self.launch()
        wait_for_port(self.port, self.child)

    def launch(self, cores=PROXY_CORES):
        env = {"PATH": os.environ["PATH"], "RELAY_THREADS": "1", "SESSION_SECRET": "bench",
               "GLOBAL_API_RATE_LIMIT_ENABLE": "false", "GLOBAL_WEB_RATE_LIMIT_ENABLE": "false",
               "STREAMING_TIMEOUT": "900"}
        super().__init__("yourapi", [f"{BUILD}/yourapi", "--port", str(self.port), "--data-dir", self.data],
                         self.folder, cores, env)

    def prepare_threads(self, shared):
        """Where latency is measured the event loop keeps its core, and what works behind it may use any, as it would."""
        for tid in os.listdir(f"/proc/{self.child.pid}/task"):
            loop = read(f"/proc/{self.child.pid}/task/{tid}/comm").startswith("relay-")
            os.sched_setaffinity(int(tid), PROXY_CORES if loop or not shared else ALL_CORES)

    def split(self, used):
        """The event loop alone, the whole process."""
        return sum(ns for name, ns in used.items() if name.startswith("relay-")), sum(used.values())

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", None if body is None else json.dumps(body).encode(), method=method,
            headers={"Content-Type": "application/json", "New-Api-User": str(self.user_id)})
        with self.opener.open(request, timeout=30) as reply:
            answer = json.load(reply)
        if answer.get("success") is not True:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer.get("data")

    def set_up(self):
        """What an administrator does: the account, prices, a channel, a token without a limit, a user with enough quota."""
        models = [MODEL, STREAM_MODEL, HOLD_MODEL]
        self.call("POST", "/api/setup", {"username": "root", "password": PASSWORD, "confirmPassword": PASSWORD,
                                         "SelfUseModeEnabled": False, "DemoSiteEnabled": False})
        self.user_id = self.call("POST", "/api/user/login", {"username": "root", "password": PASSWORD})["id"]
        self.call("PUT", "/api/option/", {"key": "ModelRatio", "value": json.dumps({model: 1 for model in models})})
        self.call("PUT", "/api/user/", {"id": self.user_id, "username": "root", "display_name": "root", "group": "default",
                                        "quota": 10**12})
        self.call("POST", "/api/channel/", {
            "type": 1, "name": "fake", "key": "sk-fake-upstream-0123456789", "group": "default",
            "base_url": f"http://127.0.0.1:{self.upstream_port}", "models": ",".join(models)})
        self.call("POST", "/api/token/", {"name": "bench", "expired_time": -1, "remain_quota": 10**9, "unlimited_quota": True})
        with sqlite3.connect(f"file:{self.data}/one-api.db?mode=ro", uri=True) as db:
            self.token = "sk-" + db.execute("SELECT key FROM tokens WHERE name = 'bench'").fetchone()[0]

    def log_rows(self):
        with sqlite3.connect(f"file:{self.data}/one-api.db?mode=ro", uri=True) as db:
            return db.execute("SELECT count(*) FROM logs WHERE type = 2").fetchone()[0]

    def grow(self, channels, users, tokens):
        """Copies the channel, the user and the token; the program must not run. Gives a token of an ordinary user."""
        with sqlite3.connect(f"{self.data}/one-api.db") as db:
            copy_rows(db, "channels", channels, {"key": "'sk-fake-' || n", "name": "'channel ' || n"})
            copy_rows(db, "users", users, {"username": "'user' || n", "display_name": "'user' || n", "aff_code": "'a' || n",
                                           "access_token": "NULL", "role": "1"})
            copy_rows(db, "tokens", tokens, {"key": "printf('%048d', n)", "name": "'token ' || n", "user_id": f"2 + n % {users - 1}"})
            db.execute("DELETE FROM abilities")
            for model in (f"'{MODEL}'", "'model-' || (id % 500)", "'model-' || ((id + 7) % 500)"):
                db.execute('INSERT INTO abilities ("group", model, channel_id, enabled, priority, weight) '
                           f"SELECT 'default', {model}, id, 1, 0, 0 FROM channels")
            db.execute(f"UPDATE channels SET models = '{MODEL},model-' || (id % 500) || ',model-' || ((id + 7) % 500)")
        return "sk-" + f"{tokens // 2:048d}"


def copy_rows(db, table, count, changed):
    names = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
    quoted = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f't."{name}"') for name in names)
    db.execute(f"WITH RECURSIVE c(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c WHERE n < {count}) "
               f"INSERT INTO {table} ({quoted}) SELECT {values} FROM c, {table} t WHERE t.id = (SELECT min(id) FROM {table})")


def descriptors():
    import resource
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def load_argv(port, token, **flags):
    argv = [f"{BUILD}/bin/load", "--port", str(port), "--token", token]
    for name, value in flags.items():
        argv += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return argv


def load(target, **flags):
    """Runs the load client to its end; what it printed."""
    done = subprocess.run(load_argv(target.port, getattr(target, "token", "sk-bench"), **flags), stdout=subprocess.PIPE,
                          check=False, preexec_fn=lambda: os.sched_setaffinity(0, LOAD_CORES))
    if done.returncode != 0:
        raise RuntimeError(f"the load on {target.name} failed: {done.stdout.decode()}")
    return json.loads(done.stdout)
