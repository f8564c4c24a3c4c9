"""Runs the AWS emulator for shoreup's demo and tests.

Arguments: "attached" or "detached". Attached, it ends when its standard input
does, so that no end of its parent, however violent, leaves it running.
Prints its port on standard output once it listens; everything after that goes
to standard error, which is the log.
"""

import json
import logging
import os
import sys
import threading
import traceback

from moto.iam import models as iam
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import make_server


def load_managed_policies_on_first_use():
    """Make a new account cheap.

    The emulator builds some 1,400 AWS managed policies for each of nine
    partitions when an account is first seen and at each reset: over a second
    and 30 MB per account, used or not. Tests give each case an account of its
    own, so build them when somebody asks, and parse their JSON once.
    """
    lock = threading.RLock()
    parsed = []

    def build(backend):
        with lock:
            if "_lazy_policies" in backend.__dict__:
                return
            if not parsed:
                parsed.append(json.loads(iam.aws_managed_policies_data))
            policies = [
                iam.AWSManagedPolicy.from_data(
                    name, backend.account_id, backend.region_name, data
                )
                for name, data in parsed[0].items()
            ]
            backend.__dict__["_lazy_policies"] = {
                "aws_managed_policies": policies,
                "managed_policies": {p.arn: p for p in policies},
            }

    def lazy(name):
        def get(backend):
            build(backend)
            return backend.__dict__["_lazy_policies"][name]

        # The constructor's assignment is dropped: get builds the value.
        return property(get, lambda backend, value: None)

    iam.IAMBackend._init_aws_policies = lambda backend: []
    iam.IAMBackend._init_managed_policies = lambda backend: {}
    for name in ("aws_managed_policies", "managed_policies"):
        setattr(iam.IAMBackend, name, lazy(name))


def one_at_a_time(app):
    """Answer requests one after the other, and log failures before answering.

    The emulator's state is plain dictionaries without locks: requests at the
    same time now and then fail with "dictionary changed size during
    iteration" and the like. Only one thread runs Python code at a time anyway,
    so little is lost. A request that had to wait long goes ahead, because
    long polls, and requests that the emulator sends to itself, must not stop
    everything.
    """
    lock = threading.Lock()

    def serve(environ, start_response):
        locked = lock.acquire(timeout=3)
        try:
            return app(environ, start_response)
        except Exception as error:
            traceback.print_exc()
            status = "500 Internal Server Error"
            start_response(status, [("Content-Type", "text/plain")], sys.exc_info())
            return [f"the AWS emulator failed: {error!r}".encode()]
        finally:
            if locked:
                lock.release()

    return serve


def end_with_parent():
    def wait():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main():
    if sys.argv[1] == "attached":
        end_with_parent()
    load_managed_policies_on_first_use()
    # Errors are worth logging, each answered request is not.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = one_at_a_time(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    os.environ["MOTO_PORT"] = str(server.port)
    print(server.port, flush=True)
    os.dup2(2, 1)
    server.serve_forever()


main()
