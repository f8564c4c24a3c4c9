"""Makes the emulator answer the same for less.

Most of the time of a request went into finding out again what does not change
between requests: which modules there are, which methods a class has, under
which names an attribute may be found. These are remembered here. Part of
launch.py, in front of it.
"""

import collections
import functools
import gc
import io
import random
import string

from moto import backends
from moto.core import errors, responses, serialize, utils
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.iam import models as iam
from moto.moto_server import werkzeug_app
from werkzeug.serving import DechunkedInput, WSGIRequestHandler


def remember_what_does_not_change():
    modules = tuple(backends.list_of_moto_modules())  # lists a folder
    backends.list_of_moto_modules = lambda: modules
    dispatcher = werkzeug_app.DomainDispatcherApplication
    dispatcher.get_backend_for_host = functools.lru_cache(dispatcher.get_backend_for_host)
    for name in ("method_names_from_class", "camelcase_to_underscores"):
        setattr(responses, name, functools.cache(getattr(responses, name)))
    lookups = errors.ErrorLookupFactory()  # has a cache, but was made anew each time
    errors.ErrorLookupFactory = lambda: lookups


def remember_expressions():
    """Parse each DynamoDB expression once; the values are not part of it."""
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


def make_request_ids_at_once():
    letters = string.ascii_letters + string.digits

    def gen_amzn_requestid_long(headers=None):
        request_id = "".join(random.choices(letters, k=52))
        if isinstance(headers, dict):
            headers["x-amzn-requestid"] = request_id
        return request_id

    responses.gen_amzn_requestid_long = gen_amzn_requestid_long


def find_accounts_by_key():
    """Find the account of an access key without asking every account.

    Only the partitions that an account has used are looked into: the others
    hold no keys, and to look into them makes them.
    """
    known = {}

    def holds(account_id, access_key):
        account = iam.iam_backends.get(account_id, {})
        return any(access_key in backend.access_keys for backend in list(account.values()))

    def get_account_id_from(access_key):
        account_id = known.get(access_key)
        if account_id and holds(account_id, access_key):
            return account_id
        for account_id in list(iam.iam_backends):
            if holds(account_id, access_key):
                known[access_key] = account_id
                return account_id
        return iam.DEFAULT_ACCOUNT_ID

    iam.get_account_id_from = get_account_id_from


def remember_names_of_attributes():
    """Work out once under which names a class may have what a shape wants.

    Answers are mostly plain dictionaries, and of what a shape knows they
    mostly have little: these are looked into without further ado.
    """
    picker, serializer = serialize.XFormedAttributePicker, serialize.ResponseSerializer
    work_out, get_value = picker.get_possible_keys, serializer.get_value

    def get_possible_keys(self, context):
        if context.shape is None or hasattr(context.obj, "Meta"):  # which may name others
            return work_out(self, context)
        known = context.shape.__dict__.setdefault("_possible_keys", {})
        of = (type(context.obj), getattr(context.shape, "parent", None), context.key)
        if of not in known:
            known[of] = tuple(dict.fromkeys(work_out(self, context)))
        return known[of]

    def get_from(self, value, key, shape):
        pick = self._value_picker
        if type(value) is not dict or type(pick) is not picker or pick.response_transformers:
            return get_value(self, value, key, shape)
        context = serialize.AttributePickerContext(value, key, shape)
        for name in get_possible_keys(pick, context):
            found = utils.get_value(value, name) if "." in name else value.get(name, utils.MISSING)
            if found is not utils.MISSING:
                return found
        return None

    picker.get_possible_keys = get_possible_keys
    serializer.get_value = get_from


def collect_garbage_seldom():
    """What is loaded now stays; requests leave little behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class Connection(WSGIRequestHandler):
    """Answers one request after the other on a connection that it keeps.

    werkzeug closes it after each answer, because an application may leave
    part of a request unread. Here each request is read in full first.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def run_wsgi(self):
        environ = self.make_environ()
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            body = self.rfile.read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        answer = []

        def start_response(status, headers, exc_info=None):
            answer[:] = status, headers

        parts = self.server.app(environ, start_response)
        content = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        self.send(*answer, content)

    def send(self, status, headers, content):
        bodiless = self.command == "HEAD" or status[:3] in ("204", "304")
        if self.command != "HEAD":  # its length is that of the body it lacks
            headers = [(k, v) for k, v in headers if k.lower() != "content-length"]
        if not bodiless:
            headers.append(("Content-Length", len(content)))
        if self.close_connection:
            headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {status}", f"Date: {self.date_time_string()}"]
        lines += [f"{key}: {value}" for key, value in headers]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if bodiless else head + content)
