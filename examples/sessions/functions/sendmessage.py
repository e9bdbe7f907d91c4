"""A message: it is kept, and sent to everybody. "ping" is a heartbeat, and only answered."""

import json
import uuid

from chat import Api, message_history, now_ms


def handler(event, context):
    api = Api(event)
    message = json.loads(event["body"])["message"]
    if message == "ping":
        api.post(api.connection_id, {"message": "pong"})
        return {"statusCode": 200}
    said = {"connection_id": api.connection_id, "message": message, "sent_at": now_ms()}
    message_history.put_item(Item={"message_id": str(uuid.uuid4()), **said})
    api.broadcast(said)
    return {"statusCode": 200}
