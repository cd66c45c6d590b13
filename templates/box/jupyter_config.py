# Settings of the Jupyter server in a gpubox box. Mounted read-only at /run/gpubox and given with --config, so that it
# stands in for a personal jupyter_server_config and what keeps the box safe cannot be undone by accident.
import base64
import hashlib
import hmac
import http.cookies
import logging
import os
import re
import sys

c = get_config()  # noqa: F821 (given by traitlets)


def refuse(reason):
    # Jupyter goes on with settings of its own when this file fails with an ordinary error.
    sys.stderr.write("gpubox: Jupyter is not started: " + reason + "\n")
    raise SystemExit(1)


def read_token(path="/run/secrets/jupyter_token"):
    try:
        with open(path, "rb") as file:
            found = file.read(4097)
    except OSError as error:
        refuse("its token cannot be read (%s)." % error.strerror)
    # An empty token would switch the password off; a line break would become a part of it.
    if len(found) > 4096 or not re.match(rb"[A-Za-z0-9_-]{32,}\Z", found):
        refuse("its token is not at least 32 letters, digits, - and _. A new one is written by: gpubox start")
    return found.decode("ascii")


def derive(purpose):
    return hmac.new(token.encode("ascii"), purpose, hashlib.sha256).digest()


# In the environment or on the command line the token would show in `docker inspect` and `ps`.
token = read_token()

# Browsers send a cookie of 127.0.0.1 to every port of it, but only below the cookie's path. Only the owner knows this one, so no
# other user's server is ever sent the cookie for this one.
path = base64.urlsafe_b64encode(derive(b"gpubox jupyter path")).decode("ascii")[:8]
base_url = "/" + path + "/"


# Everyone with access to the engine can read the log. All log records pass through here, whichever logger they are for.
def without_secrets(text):
    text = text.replace(token, "[hidden]").replace("/" + path, "").replace("%2F" + path, "")
    return re.sub(r"(?i)(token(?:=|%3d))[^&\s\"'<>\\]+", r"\1[hidden]", text)


make_record = logging.getLogRecordFactory()


def make_record_without_secrets(*args, **kwargs):
    record = make_record(*args, **kwargs)
    try:
        record.msg, record.args = without_secrets(record.getMessage()), ()
        if record.exc_info and record.exc_info[0]:
            record.exc_text = without_secrets(logging.Formatter().formatException(record.exc_info))
    except Exception:
        record.msg, record.args, record.exc_info = "(a line that cannot be shown)", (), None
    return record


logging.setLogRecordFactory(make_record_without_secrets)

# What is not below the path is answered here: Jupyter's own page for it names the path.
try:
    from tornado import web

    class NotHere(web.RequestHandler):
        def prepare(self):
            self.set_status(404)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            name = os.environ.get("GPUBOX_NAME", "")
            self.finish("This is the Jupyter of %s. Its owner opens it with: gpubox open %s\n" % (name, name))

    find_handler = web.Application.find_handler

    def find_handler_below_path(self, request, **kwargs):
        if request.path.startswith(base_url):
            return find_handler(self, request, **kwargs)
        return self.get_handler_delegate(request, NotHere)

    web.Application.find_handler = find_handler_below_path
except (ImportError, AttributeError):
    refuse("this version of tornado is not known to gpubox.")

cookie = {"path": base_url}
if "samesite" in http.cookies.Morsel._reserved:  # Python 3.8
    cookie["samesite"] = "Lax"

# The classic Notebook 6 reads NotebookApp, everything since reads ServerApp.
for app in (c.ServerApp, c.NotebookApp):
    app.ip = "0.0.0.0"  # inside the box; the host publishes the port on its loopback address
    app.port = 8888
    app.port_retries = 0  # fail rather than move to another port
    app.base_url = base_url
    app.open_browser = False
    app.allow_remote_access = True  # a tunnel brings its own Host header
    app.allow_root = os.getuid() == 0
    app.custom_display_url = os.environ.get("GPUBOX_JUPYTER_URL", "")
    app.shutdown_no_activity_timeout = 0  # gpubox looks after idle boxes
    app.cookie_options = dict(cookie, httponly=True)
    # On no disk, and the same after a restart: who was logged in stays so.
    app.cookie_secret = derive(b"gpubox jupyter cookies")
    app.tornado_settings = {"xsrf_cookie_kwargs": dict(cookie), "headers": {"Referrer-Policy": "same-origin"}}

c.ServerApp.root_dir = "/workspace"
c.NotebookApp.notebook_dir = "/workspace"

c.NotebookApp.token = token
try:
    from jupyter_server.auth import IdentityProvider  # noqa: F401 (Jupyter Server 2)

    c.IdentityProvider.token = token
    c.IdentityProvider.cookie_options = dict(cookie, httponly=True)
except ImportError:
    c.ServerApp.token = token

# A trash folder on a bind mount would never be emptied.
c.FileContentsManager.delete_to_trash = False
c.MappingKernelManager.cull_idle_timeout = 0
