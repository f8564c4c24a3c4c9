"""Makes the emulator's SQS cheaper. Part of launch.py, in front of it."""

from moto.core.utils import unix_time, unix_time_millis
from moto.sqs import models as sqs


def count_messages_in_one_pass():
    """Make a long queue cost one pass, not one for each message.

    The emulator asks for all attributes of a queue, and so counts all its
    messages three times, for each message that it receives or sends, and asks
    the clock for each message that it counts: five thousand messages take half
    a minute to receive ten.
    """

    def visible(queue):
        now = unix_time_millis()
        return [
            m for m in queue._messages if now > m.visible_at and now >= m.delayed_until
        ]

    def invisible(queue):
        now = unix_time_millis()
        return sum(now <= m.visible_at for m in queue._messages)

    def delayed(queue):
        now = unix_time_millis()
        return sum(now < m.delayed_until for m in queue._messages)

    def has_handle(message, handle):
        return handle == message.receipt_handle or (
            handle in message._old_receipt_handles
        )

    def is_kept(backend, queue_name, message):
        period = backend.get_queue(queue_name).message_retention_period
        return period + message.sent_timestamp / 1000 > unix_time()

    every = sqs.SQSBackend.get_queue_attributes

    def get_queue_attributes(backend, queue_name, attribute_names):
        # Of a name that there is not it says so.
        every(backend, queue_name, [n for n in attribute_names if n not in known])
        if not attribute_names:
            return {}
        found = backend.get_queue(queue_name).attributes
        if "All" in attribute_names:
            return found
        return {n: found[n] for n in attribute_names if found.get(n) is not None}

    queue = sqs.Queue
    known = {"All", *queue.BASE_ATTRIBUTES, *queue.FIFO_ATTRIBUTES, *queue.KMS_ATTRIBUTES}
    queue.messages = property(visible)
    queue.approximate_number_of_messages_not_visible = property(invisible)
    queue.approximate_number_of_messages_delayed = property(delayed)
    sqs.Message.had_receipt_handle = has_handle
    sqs.SQSBackend.is_message_valid_based_on_retention_period = is_kept
    sqs.SQSBackend.get_queue_attributes = get_queue_attributes
