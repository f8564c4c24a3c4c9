"""Makes the emulator's DynamoDB cheaper. Part of launch.py, in front of it."""

import collections
import copy
import functools
import threading

from moto.dynamodb import models as dynamodb
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.responses import DynamoHandler


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
        old = memo[id(table)] = copy.copy(table)
        if touched is None or table.stream_shard is not None:  # a backup, say
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


def remember_expressions():
    """Parse each expression once; the values are not part of it."""
    # Whoever changes the tree copies it first.
    make = functools.lru_cache(UpdateExpressionParser.make)
    UpdateExpressionParser.make = staticmethod(make)
    lex = ConditionExpressionParser._lex_condition_expression

    @functools.lru_cache
    def nodes(expression):
        return tuple(lex(ConditionExpressionParser(expression, None, None)))

    ConditionExpressionParser._lex_condition_expression = lambda self: collections.deque(
        nodes(self.condition_expression)
    )


def ask_classes_once():
    """Walk trees of expressions without asking each node what it is."""
    is_node = functools.cache(lambda kind: issubclass(kind, Node))

    @functools.cache
    def processes(walker, kind):
        return issubclass(kind, tuple(walker._processing_map(walker)))

    def traverse(self, node, child_id=-1):
        if not is_node(type(node)):
            return node
        parent = node.parent
        for i, child in enumerate(node.children or ()):
            self.pre_processing_of_child(node, i)
            traverse(self, child, i)
        if processes(type(self), type(node)):
            node = self.process(node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
        return node

    DepthFirstTraverser.traverse_node_recursively = traverse


def measure_text_at_once():
    """Nearly all values are text; their size is asked for all the time."""
    size, cast = DynamoType.size, DynamoType.cast_value.fget

    def size_of(self):
        if self.type == "S" and type(self.value) is str:
            return len(self.value.encode())
        return size(self)

    DynamoType.size = size_of
    DynamoType.cast_value = property(
        lambda self: self.value if self.type == "S" else cast(self)
    )


def never_two_at_once():
    """Let no request come in between a transaction and its being undone.

    A request that waited long goes ahead of the others, which a cancelled
    transaction would not survive: it puts back the tables as they were, and
    with them what somebody else was told is written.
    """
    lock = threading.Lock()
    call = DynamoHandler.call_action

    def call_action(handler):
        with lock:
            return call(handler)

    DynamoHandler.call_action = call_action
