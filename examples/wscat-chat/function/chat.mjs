// A chat for everybody who is connected. Nothing is kept but who that is.

import {
  ApiGatewayManagementApiClient,
  GetConnectionCommand,
  GoneException,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  paginateScan,
  PutCommand,
} from '@aws-sdk/lib-dynamodb';

const client = DynamoDBDocumentClient.from(new DynamoDBClient());
const TableName = process.env.CONNECTED;

/** What each route calls. Whatever is no message is answered with what is known of its sender. */
export async function handler({ requestContext, body }) {
  const { connectionId, domainName, routeKey, stage } = requestContext;
  const api = new ApiGatewayManagementApiClient({ endpoint: `https://${domainName}/${stage}` });
  const message = routeKey === 'sendmessage' ? JSON.parse(body).message : undefined;
  if (routeKey === '$connect') {
    await client.send(new PutCommand({ TableName, Item: { connectionId } }));
  } else if (routeKey === '$disconnect') {
    await client.send(new DeleteCommand({ TableName, Key: { connectionId } }));
  } else if (typeof message === 'string') {
    await broadcast(api, connectionId, message);
  } else {
    await post(api, connectionId, await info(api, connectionId));
  }
  return { statusCode: 200 };
}

/** Sends a message to all others. */
async function broadcast(api, sender, message) {
  for await (const { Items } of paginateScan({ client }, { TableName })) {
    const others = Items.map((item) => item.connectionId).filter((id) => id !== sender);
    await Promise.all(others.map((id) => post(api, id, message)));
  }
}

/** Sends a text; of who has gone nothing is left. */
async function post(api, connectionId, text) {
  try {
    await api.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data: text }));
  } catch (e) {
    if (!(e instanceof GoneException)) {
      throw e;
    }
    await client.send(new DeleteCommand({ TableName, Key: { connectionId } }));
  }
}

/** What API Gateway knows of a connection, as a line that also says what can be sent. */
async function info(api, connectionId) {
  const known = await api.send(new GetConnectionCommand({ ConnectionId: connectionId }));
  return JSON.stringify({
    use: '{"action": "sendmessage", "message": "…"}',
    connectionId,
    connectedAt: known.ConnectedAt,
    lastActiveAt: known.LastActiveAt,
    sourceIp: known.Identity?.SourceIp,
  });
}
