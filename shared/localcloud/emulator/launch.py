"""Runs the AWS emulator for shoreup's demo and tests.

Arguments: "attached" or "detached". Attached, it ends when its standard input
does, so that no end of its parent, however violent, leaves it running.
Prints its port on standard output once it listens; everything after that goes
to standard error, which is the log.
"""

import copy
import json
import logging
import os
import sys
import threading
import traceback

from moto.dynamodb import models as dynamodb
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
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


def transact_without_copying_tables():
    """Make a transaction cost what it touches, not what its tables hold.

    The emulator copies every table of a transaction in full to be able to roll
    back, which with a thousand audit entries takes longer than all the rest
    of a fix. Nothing but the items that the transaction names can change, so
    only those are copied; the rest of the old state shares its items.
    """
    of_transaction = threading.local()
    transact = dynamodb.DynamoDBBackend.transact_write_items

    def keys(backend, transact_items):
        for operation in (next(iter(item.values())) for item in transact_items):
            table = backend.tables.get(operation.get("TableName"))
            key = operation.get("Key", operation.get("Item"))
            if table is None or not key or table.hash_key_attr not in key:
                continue
            ends = key.get(table.range_key_attr)
            hash_key = DynamoType(key[table.hash_key_attr])
            yield table.name, hash_key, DynamoType(ends) if ends else None

    def transact_write_items(backend, transact_items):
        of_transaction.keys = list(keys(backend, transact_items))
        try:
            return transact(backend, transact_items)
        finally:
            of_transaction.keys = None

    def before(table, memo):
        touched = getattr(of_transaction, "keys", None)
        old = copy.copy(table)
        if touched is None:  # a backup, say
            old.__dict__ = copy.deepcopy(table.__dict__, memo)
            return old
        old.items = table.items.copy()
        for name, hash_key, range_key in touched:
            if name != table.name or hash_key not in old.items:
                continue
            if range_key is None:
                old.items[hash_key] = copy.deepcopy(old.items[hash_key])
                continue
            items = dict(old.items[hash_key])
            if range_key in items:
                items[range_key] = copy.deepcopy(items[range_key])
            old.items[hash_key] = items
        return old

    dynamodb.DynamoDBBackend.transact_write_items = transact_write_items
    Table.__deepcopy__ = before


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
    transact_without_copying_tables()
    remember_what_does_not_change()
    find_accounts_by_key()
    remember_names_of_attributes()
    remember_expressions()
    make_request_ids_at_once()
    # Errors are worth logging, each answered request is not.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    app = one_at_a_time(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Connection)
    os.environ["MOTO_PORT"] = str(server.port)
    print(server.port, flush=True)
    os.dup2(2, 1)
    collect_garbage_seldom()
    server.serve_forever()


main()
