"""Runs the AWS emulator for shoreup's demo and tests.

Arguments: "attached" or "detached". Attached, it ends when its standard input
does, so that no end of its parent, however violent, leaves it running.
Prints its port on standard output once it listens; everything after that goes
to standard error, which is the log.
"""

import gc
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
    own, so build them when somebody asks, once, and copy them from then on.
    """
    lock = threading.RLock()
    built = {}  # by partition

    def first(partition):
        data = json.loads(iam.aws_managed_policies_data)
        return [
            iam.AWSManagedPolicy.from_data(name, "", partition, policy)
            for name, policy in data.items()
        ]

    def like(original):  # what copy.copy does, for a third
        copied = object.__new__(type(original))
        copied.__dict__.update(original.__dict__)
        return copied

    def copied(policy, account_id):
        mine = like(policy)
        mine.account_id, mine.tags = account_id, {}
        mine.versions = [like(version) for version in policy.versions]
        return mine

    def build(backend):
        with lock:
            if "_lazy_policies" in backend.__dict__:
                return
            partition = backend.region_name
            if partition not in built:
                built[partition] = first(partition)
            policies = [copied(p, backend.account_id) for p in built[partition]]
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


def without_debugging(create):
    """Leave out Flask's checks for its own developers; errors reach us as before."""

    def create_quiet(service):
        app = create(service)
        app.debug, app.config["PROPAGATE_EXCEPTIONS"] = False, True
        return app

    return create_quiet


def collect_garbage_seldom():
    """What is loaded now stays; requests leave little behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def end_with_parent():
    def wait():
        sys.stdin.buffer.read()
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main():
    if sys.argv[1] == "attached":
        end_with_parent()
    for improve in (
        read_headers_as_lines,
        load_managed_policies_on_first_use,
        load_images_on_first_use,
        remember_what_does_not_change,
        find_accounts_by_key,
        remember_names_of_attributes,
        make_request_ids_at_once,
        transact_without_copying_tables,
        remember_expressions,
        ask_classes_once,
        measure_text_at_once,
        never_two_at_once,
        count_messages_in_one_pass,
    ):
        improve()
    # Errors are worth logging, each answered request is not.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = one_at_a_time(DomainDispatcherApplication(without_debugging(create_backend_app)))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Connection)
    os.environ["MOTO_PORT"] = str(server.port)
    print(server.port, flush=True)
    os.dup2(2, 1)
    collect_garbage_seldom()
    server.serve_forever()


main()
