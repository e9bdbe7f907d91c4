"""A chat in one room: what is said is kept, and sent to everybody who is connected."""

import json
import os
import time

import boto3

dynamodb = boto3.resource("dynamodb")
messages = dynamodb.Table(os.environ["MESSAGES"])
connections = dynamodb.Table(os.environ["CONNECTIONS"])

ROOM = "lobby"


def handler(event, context):
    """What each route calls."""
    request = event["requestContext"]
    connection = {"connection_id": request["connectionId"]}
    if request["routeKey"] == "$connect":
        connections.put_item(Item=connection)
    elif request["routeKey"] == "$disconnect":
        connections.delete_item(Key=connection)
    else:
        send(json.loads(event["body"]), f"https://{request['domainName']}/{request['stage']}")
    return {"statusCode": 200}


def send(frame, endpoint):
    said = {"sender": frame["sender"], "message": frame["message"]}
    messages.put_item(Item={"room_id": ROOM, "timestamp": int(time.time()), **said})
    api = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
    for connection in connections.scan()["Items"]:
        try:
            api.post_to_connection(
                ConnectionId=connection["connection_id"], Data=json.dumps(said).encode()
            )
        except Exception as e:  # README.md says what this costs
            print(f"{connection['connection_id']} is forgotten: {e}")
            connections.delete_item(Key=connection)
