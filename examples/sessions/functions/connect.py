"""A session begins: the others are told, since a connection cannot be posted to before this ends."""

from chat import Api, active_connections, now_ms


def handler(event, context):
    api = Api(event)
    api.broadcast({"message": "A new user has joined"})
    active_connections.put_item(
        Item={"connection_id": api.connection_id, "started_at": now_ms()}
    )
    return {"statusCode": 200}
