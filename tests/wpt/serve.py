"""WPT's own server for run.js: `serve.py ROOT FOLDER`, with certificates made in FOLDER.

As `wpt serve`, but without its virtual environment and its hosts: what the tests of fetch need is all in WPT's `tools`. It ends
with its standard input, so that it outlives nobody.
"""

import json
import os
import signal
import sys
import threading


def end_with_input() -> None:
    # Not by `sys.stdin`, whose lock would be held in processes that are forked meanwhile.
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)  # its servers are processes of the same group


def main() -> None:
    threading.Thread(target=end_with_input, daemon=True).start()
    root, folder = (os.path.abspath(path) for path in sys.argv[1:])
    sys.path.insert(0, os.path.join(root, "tools"))
    import localpaths  # noqa: F401: puts the packages that WPT has in itself on the path
    from serve import serve

    config = {
        "check_subdomains": False,
        "server_host": "127.0.0.1",
        "ports": {"http": [8000, 8001], "https": [8443, 8444]},
        "logging": {"level": "critical", "suppress_handler_traceback": True},
        # Those that WPT comes with last for a few months.
        "ssl": {
            "type": "openssl",
            "openssl": {
                "openssl_binary": "openssl",
                "base_path": folder,
                "password": "web-platform-tests",
                "force_regenerate": False,
                "duration": 30,
                "base_conf_path": None,
            },
        },
    }
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "config.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file)
    serve.run(**vars(serve.get_parser().parse_args(["--no-h2", "--config", path])))


if __name__ == "__main__":
    main()
