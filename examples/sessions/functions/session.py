"""What a page asks when it is connected: who it is, since when, and what was said."""

from chat import Api, active_connections, message_history

HISTORY_MAX = 20


def handler(event, context):
    api = Api(event)
    session = active_connections.get_item(Key={"connection_id": api.connection_id})["Item"]
    history = message_history.scan(Limit=HISTORY_MAX)["Items"]
    history.sort(key=lambda said: said["sent_at"])
    api.post(api.connection_id, {**session, "history": history})
    return {"statusCode": 200}
