"""A session ends: it becomes history, and the others are told."""

from chat import Api, active_connections, now_ms, session_history


def handler(event, context):
    api = Api(event)
    session = active_connections.delete_item(
        Key={"connection_id": api.connection_id}, ReturnValues="ALL_OLD"
    ).get("Attributes")
    if session:
        session_history.put_item(Item={**session, "ended_at": now_ms()})
        api.broadcast({"message": "A user has left"})
    return {"statusCode": 200}
