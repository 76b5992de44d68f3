#!/usr/bin/env python3
"""Who is signed in, by the provider's own word:  python3 whoami.py https://PROVIDER/userinfo

Exit codes: 0 done, 1 failed, 3 Loopgate does not run, 4 nobody is signed in, 5 refused. Standard library.
"""
import json, os, sys
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener, urlopen

def loopgate_address():
    folders = {"darwin": "~/Library/Application Support/Loopgate", "win32": os.path.expandvars(r"%APPDATA%\Loopgate")}
    linux = (os.environ.get("XDG_CONFIG_HOME") or "~/.config") + "/loopgate"
    home = os.environ.get("LOOPGATE_HOME") or folders.get(sys.platform, linux)
    try:
        return json.loads((Path(home).expanduser() / "endpoint.json").read_text())["address"]
    except OSError:
        return "http://localhost:1000"

def stop(code, why):
    print(why, file=sys.stderr)
    sys.exit(code)

address = loopgate_address()
try:  # Never by a proxy, and without a time limit: the person may be answering whether this program may.
    token = build_opener(ProxyHandler({})).open(address + "/user/access_token").read().decode()
except HTTPError as answer:
    stop({401: 4, 403: 5}.get(answer.code, 1), json.load(answer)["error_description"])
except URLError:
    stop(3, f"Loopgate does not run at {address}. Start it, then try again.")

request = Request(sys.argv[1])
request.add_unredirected_header("Authorization", "Bearer " + token)  # Elsewhere, a redirect would take it along.
try:
    print(f"Signed in as {json.load(urlopen(request))['name']}.")
except URLError:
    stop(1, "The provider did not say who this is. Check the address.")
