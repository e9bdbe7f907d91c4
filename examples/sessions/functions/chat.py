"""What the functions share: the tables, and how frames reach clients."""

import json
import os
import time

import boto3

dynamodb = boto3.resource("dynamodb")
active_connections = dynamodb.Table(os.environ["ACTIVE_CONNECTIONS"])
session_history = dynamodb.Table(os.environ["SESSION_HISTORY"])
message_history = dynamodb.Table(os.environ["MESSAGE_HISTORY"])


def now_ms():
    return time.time_ns() // 1_000_000


class Api:
    """The connections of the API that an event comes from."""

    def __init__(self, event):
        request = event["requestContext"]
        self.connection_id = request["connectionId"]
        self.client = boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"https://{request['domainName']}/{request['stage']}",
        )

    def post(self, connection_id, frame):
        """Sends a frame; of who has gone nothing is left."""
        try:
            self.client.post_to_connection(
                ConnectionId=connection_id, Data=json.dumps(frame, default=int).encode()
            )
        except self.client.exceptions.GoneException:
            active_connections.delete_item(Key={"connection_id": connection_id})

    def broadcast(self, frame):
        """Sends a frame to everybody."""
        for connection in active_connections.scan()["Items"]:
            self.post(connection["connection_id"], frame)
