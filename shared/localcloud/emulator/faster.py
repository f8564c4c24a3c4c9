"""Makes the emulator answer the same for less.

Most of the time of a request went into finding out again what does not change
between requests: which modules there are, which methods a class has, under
which names an attribute may be found. These are remembered here. Part of
launch.py, in front of it.
"""

import functools
import random
import string
import sys

from moto import backends
from moto.core import errors, responses, serialize, utils
from moto.iam import models as iam
from moto.moto_server import werkzeug_app


def remember_what_does_not_change():
    modules = tuple(backends.list_of_moto_modules())  # lists a folder
    backends.list_of_moto_modules = lambda: modules
    dispatcher = werkzeug_app.DomainDispatcherApplication
    dispatcher.get_backend_for_host = functools.lru_cache(dispatcher.get_backend_for_host)
    for name in ("method_names_from_class", "camelcase_to_underscores"):
        setattr(responses, name, functools.cache(getattr(responses, name)))
    lookups = errors.ErrorLookupFactory()  # has a cache, but was made anew each time
    errors.ErrorLookupFactory = lambda: lookups


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


def load_images_on_first_use():
    """Make a new account cheap that needs no machine images.

    The emulator makes over a thousand, each with a snapshot, in each Region
    of each account in which anybody asks EC2 or RDS for anything. Its EC2 is
    loaded when it is first needed, so only then can it be changed.
    """
    get_backend = backends.get_backend

    def get_backend_and_improve(name):
        found = get_backend(name)
        ec2 = sys.modules.get("moto.ec2.models")
        if ec2 and not hasattr(ec2.EC2Backend, "amis"):
            make_lazy(ec2.EC2Backend)
        return found

    def make_lazy(ec2_backend):
        load = ec2_backend._load_amis

        def lazy(name):
            def get(backend):
                if backend.__dict__.pop("_images_wanted", False):
                    load(backend)
                return backend.__dict__[name]

            return property(get, lambda backend, value: backend.__dict__.update({name: value}))

        def want(backend):
            backend._images_wanted = True

        ec2_backend._load_amis = want
        ec2_backend.amis, ec2_backend.snapshots = lazy("amis"), lazy("snapshots")

    backends.get_backend = get_backend_and_improve


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
