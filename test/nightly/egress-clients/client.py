# Python's clients: client.py requests|httpx|urllib BASE UNDECLARED. What it does stands in client.ts.

import json
import sys
import time

how, base, undeclared = sys.argv[1:]

if how == "requests":
    import requests

    session = requests.Session()

    def ask(url):
        return session.get(url, timeout=20).text

elif how == "httpx":
    import httpx

    client = httpx.Client(timeout=20)

    def ask(url):
        return client.get(url).text

else:
    import urllib.request

    def ask(url):
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.read().decode()


def say(value):
    print(json.dumps(value), flush=True)


say({"says": "listening"})
for path in ("/one", "/two"):
    say({"answer": json.loads(ask(base + path))})
sys.stdin.readline()
say({"answer": json.loads(ask(base + "/three"))})
began = time.monotonic()
try:
    ask(undeclared)
    say({"unknown": "answered"})
except Exception as error:
    say({"unknown": repr(error), "milliseconds": (time.monotonic() - began) * 1000})
