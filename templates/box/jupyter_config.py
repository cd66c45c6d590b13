# Settings of the Jupyter server in a gpubox box. Mounted read-only at /run/gpubox and given with --config, so that it
# stands in for a personal jupyter_server_config and what keeps the box safe cannot be undone by accident.
import os

c = get_config()  # noqa: F821 (given by traitlets)

# The classic Notebook 6 reads NotebookApp, everything since reads ServerApp.
for app in (c.ServerApp, c.NotebookApp):
    app.ip = "0.0.0.0"  # inside the box; the host publishes the port on its loopback address
    app.port = 8888
    app.port_retries = 0  # fail rather than move where nobody looks
    app.open_browser = False
    app.allow_remote_access = True  # a tunnel brings its own Host header
    app.allow_root = os.getuid() == 0
    app.custom_display_url = os.environ.get("GPUBOX_JUPYTER_URL", "")
    app.shutdown_no_activity_timeout = 0  # gpubox looks after idle boxes

c.ServerApp.root_dir = "/workspace"
c.NotebookApp.notebook_dir = "/workspace"

# In the environment or on the command line the token would show in `docker inspect` and `ps`.
with open("/run/secrets/jupyter_token", encoding="ascii") as file:
    token = file.read().strip()

c.NotebookApp.token = token
try:
    from jupyter_server.auth import IdentityProvider  # noqa: F401 (Jupyter Server 2)

    c.IdentityProvider.token = token
except ImportError:
    c.ServerApp.token = token

# A trash folder on a bind mount would be one more folder nobody empties.
c.FileContentsManager.delete_to_trash = False
c.MappingKernelManager.cull_idle_timeout = 0
