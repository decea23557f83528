#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""openapi_test.py FAKE_CHAOSD OPENAPI_YAML: what the server says of every path is what its description says of it.

Starts the API on a pretend service, sends requests that succeed and ones that fail, and holds each body, both ways,
against its schema. Every operation, and every answer it describes, must have been seen.
"""
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(self.path)


class Api:
    def __init__(self, path, description):
        self.path = path
        self.description = description
        self.connection = UnixConnection(path)
        self.seen = set()

    def follow(self, part):
        while "$ref" in part:
            place = self.description
            for step in part["$ref"].removeprefix("#/").split("/"):
                place = place[step]
            part = place
        return part

    def check(self, body, schema, what):
        root = dict(schema, components=self.description["components"])
        validator = jsonschema.Draft202012Validator(root)
        for error in validator.iter_errors(body):
            sys.exit(f"{what}: {error.json_path}: {error.message}\n{json.dumps(body, indent=1)}")

    def call(self, method, template, expected, body=None, names=(), query="", valid=True):
        """One request; `names` fill the template in order. `valid`: the request's body is as described."""
        operation = self.description["paths"][template][method.lower()]
        target = template
        for name in names:
            target = target[: target.index("{")] + name + target[target.index("}") + 1 :]
        what = f"{method} {target}"
        if body is not None and valid:
            content = self.follow(operation["requestBody"])["content"]
            self.check(body, content["application/json"]["schema"], what + ", request")
        payload = json.dumps(body) if body is not None else None
        self.connection.request(method, target + query, payload)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != expected:
            sys.exit(f"{what}: {answer.status} instead of {expected}: {text}")
        status = str(expected) if str(expected) in operation["responses"] else "default"
        self.seen.add((template, method.lower(), status))
        described = self.follow(operation["responses"][status])
        if "content" not in described:
            if text:
                sys.exit(f"{what}: a body where none is described: {text}")
            return None
        kind = answer.headers["Content-Type"].split(";")[0]
        if kind not in described["content"]:
            sys.exit(f"{what}: a body of type {kind} is not described")
        value = json.loads(text) if kind == "application/json" else text.decode()
        self.check(value, described["content"][kind]["schema"], what)
        return value

    def unseen(self):
        wanted = set()
        for template, methods in self.description["paths"].items():
            for method, operation in methods.items():
                if method != "parameters":
                    wanted |= {(template, method, status) for status in operation["responses"]}
        return wanted - self.seen


def config(name, **more):
    return {"name": name, "kernel": "/boot/web", "memory_kib": 4096, **more}


def follow_events(api):
    """The stream of one connection while another makes what it tells of."""
    stream = UnixConnection(api.path)
    stream.request("GET", "/v1/events?guest=told")
    answer = stream.getresponse()
    assert answer.headers["Content-Type"] == "application/x-ndjson", answer.headers
    api.call("POST", "/v1/guests", 201, {"config": config("untold")})
    api.call("POST", "/v1/guests", 201, {"config": config("told")})
    api.call("DELETE", "/v1/guests/{guest}", 204, names=["told"])
    schema = {"$ref": "#/components/schemas/Event"}
    kinds, empty = [], 0
    while len(kinds) < 2 or empty == 0:
        line = answer.readline()
        if line == b"\n":
            empty += 1
            continue
        event = json.loads(line)
        api.check(event, schema, "an event")
        assert event["guest"] == "told", event
        kinds.append(event["kind"])
    assert kinds == ["created", "destroyed"], kinds
    api.seen.add(("/v1/events", "get", "200"))


def run(api):
    shape = {"memory_kib": 4096, "kernel": "/boot/web", "vifs": [{"bridge": "xenbr0"}]}
    full = config("web", type="pv", ramdisk="/boot/initrd", command_line="quiet", vcpus=2, cpus=[[0, "2-5"]],
                  cpus_soft=[[1], [2]], uuid="01234567-89ab-4cde-8f01-23456789abcd", max_event_channels=255,
                  max_grant_frames=8, store="private",
                  vifs=[{"mac": "00:16:3e:00:00:01", "bridge": "xenbr0", "vlan": 7, "mtu": 9000, "ipv4": "10.0.0.2",
                         "prefix": 24, "gateway": "10.0.0.1", "rate": {"bytes_per_second": 1000}}],
                  disks=[{"path": {"hex": "2f61ff"}, "device_name": "xvda", "read_only": True, "direct": True,
                          "discard": False}])
    kinds = api.description["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["kind"]["enum"]
    statuses = dict(invalid_argument=400, not_permitted=403, not_found=404, name_taken=409, invalid_config=422,
                    invalid_image=422, system=500, guest_failed=502, not_on_xen=503, wrong_version=503,
                    interrupted=503, timed_out=504, out_of_memory=507)

    api.call("PUT", "/v1/flavours/{flavour}", 204, {"shape": shape, "disks": 1}, ["small"])
    api.call("PUT", "/v1/flavours/{flavour}", 422, {"shape": {"memory_kib": 1}}, ["small"], valid=False)
    flavour = api.call("GET", "/v1/flavours/{flavour}", 200, names=["small"])
    api.call("PUT", "/v1/flavours/{flavour}", 204, flavour, ["small"])
    api.call("GET", "/v1/flavours/{flavour}", 404, names=["large"])
    api.call("GET", "/v1/flavours", 200)
    api.call("PUT", "/v1/pools/{flavour}", 204, {"min": 1, "max": 4, "per_second": 0.5}, ["small"])
    api.call("PUT", "/v1/pools/{flavour}", 404, {"max": 4}, ["large"])
    api.call("GET", "/v1/pools/{flavour}", 200, names=["small"])
    api.call("GET", "/v1/pools/{flavour}", 404, names=["large"])
    api.call("GET", "/v1/pools", 200)
    api.call("DELETE", "/v1/flavours/{flavour}", 400, names=["small"])

    made = api.call("POST", "/v1/guests", 201, {"config": full, "flavour": "small", "wait_ms": 1000})
    assert made["hit"] and made["pool"] == "small" and made["phases"]["ready_us"], made
    api.call("POST", "/v1/guests", 201, {"config": config("cold"), "paused": True})
    for kind in kinds:
        error = api.call("POST", "/v1/guests", statuses[kind], {"config": config("fail-" + kind)})
        assert error["error"]["kind"] == kind, error
    api.call("POST", "/v1/guests", 422, {"config": config("web", kernel="web")}, valid=False)
    api.call("POST", "/v1/guests/batch", 201, {"config": config("many"), "count": 20})
    api.call("POST", "/v1/guests/batch", 422, {"config": full, "count": 2})
    api.call("POST", "/v1/guests/batch", 409, {"config": config("many"), "count": 30})
    assert len(api.call("GET", "/v1/guests", 200)["guests"]) == 22
    shown = api.call("GET", "/v1/guests/{guest}", 200, names=[full["uuid"]])["config"]
    for key, value in full.items():
        if key not in ("vifs", "disks"):
            assert shown[key] == value, (key, shown[key])
    api.call("GET", "/v1/guests/{guest}", 404, names=["nobody"])
    api.call("POST", "/v1/guests/{guest}/actions", 204, {"action": "pause"}, ["web"])
    api.call("POST", "/v1/guests/{guest}/actions", 404, {"action": "pause"}, ["nobody"])

    api.call("POST", "/v1/guests/{guest}/vifs", 201, {"bridge": "xenbr0"}, ["web"])
    api.call("POST", "/v1/guests/{guest}/vifs", 422, {"bridge": ""  "a/b"}, ["web"])
    api.call("POST", "/v1/guests/{guest}/disks", 201, {"path": "/srv/a", "device_name": "xvda"}, ["web"])
    api.call("POST", "/v1/guests/{guest}/disks", 422, {"path": "/srv/a", "device_name": "floppy"}, ["web"])
    api.call("GET", "/v1/guests/{guest}/devices", 200, names=["web"])
    api.call("GET", "/v1/guests/{guest}/devices", 404, names=["nobody"])
    for kind in ("vifs", "disks"):
        api.call("DELETE", f"/v1/guests/{{guest}}/{kind}/{{device}}", 204, names=["web", "0"], query="?force=true")
        api.call("DELETE", f"/v1/guests/{{guest}}/{kind}/{{device}}", 404, names=["web", "7"])
    api.call("DELETE", "/v1/guests/{guest}", 204, names=["web"])
    api.call("DELETE", "/v1/guests/{guest}", 404, names=["web"])

    api.call("POST", "/v1/pools/{flavour}/drain", 204, names=["small"])
    api.call("POST", "/v1/pools/{flavour}/drain", 404, names=["large"])
    api.call("DELETE", "/v1/pools/{flavour}", 204, names=["small"])
    api.call("DELETE", "/v1/pools/{flavour}", 404, names=["small"])
    api.call("DELETE", "/v1/flavours/{flavour}", 204, names=["small"])
    api.call("GET", "/v1/host", 200)
    api.call("GET", "/metrics", 200)
    assert yaml.safe_load(api.call("GET", "/v1/openapi.yaml", 200)) == api.description
    api.call("GET", "/v1/events", 400, query="?kind=nonsense")
    follow_events(api)

    # Those that only HTTP itself, or a service in trouble, can make fail.
    never = {("/v1/guests", "get", "default"), ("/v1/flavours", "get", "default"), ("/v1/pools", "get", "default"),
             ("/v1/host", "get", "default"), ("/metrics", "get", "default"), ("/v1/openapi.yaml", "get", "default")}
    if api.unseen() != never:
        sys.exit(f"not tried: {api.unseen() - never}; tried after all: {never - api.unseen()}")


def main():
    with open(sys.argv[2], encoding="utf-8") as file:
        description = yaml.safe_load(file)
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "chaosd.sock")
        with subprocess.Popen([sys.argv[1], path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdout.readline() == b"ready\n"
            run(Api(path, description))
            server.stdin.close()
            if server.wait(20) != 0:
                sys.exit("the server failed")
    print("every operation answers as described")


main()
