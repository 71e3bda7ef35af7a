//! The worker's side: listening, letting in those who have the token, and saying so.

use std::time::Duration;

use anyhow::Result;
use burn::server::{AuthorizationRequest, BURN_REMOTE_ALPN, RemoteServer};
use iroh::endpoint::{Incoming, IncomingAddr};
use iroh::protocol::DynProtocolHandler;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;

use super::message::Hello;
use super::share::with_operations;
use super::token::Token;
use super::{NETWORK, link};
use crate::commands::worker::WorkerArgs;
use crate::interrupt;
use crate::output::{Output, note};

/// How often a worker looks whether it is asked to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Serves until somebody stops it.
pub fn serve(args: &WorkerArgs, output: Output) -> Result<()> {
    let token = Token::find_or_make(args.token_file.as_deref())?;
    let (device, description) = args.compute.start()?;
    let about = Hello::new(&description);
    let server = RemoteServer::new([device.clone()]).with_authorizer(authorizer(&token));
    let server = with_operations(server, &device, &about);
    // Trainings are to hear at once that the worker ends.
    let _saver = interrupt::saver();
    NETWORK.block_on(async {
        let endpoint = link::bind(args.listen, token.worker_key(), &[BURN_REMOTE_ALPN, link::KNOCK]).await?;
        let handler: Arc<dyn DynProtocolHandler> =
            Arc::from(Box::<dyn DynProtocolHandler>::from(server.into_protocol(&endpoint)?));
        let address = endpoint.bound_sockets().first().map_or(args.listen, |address| *address);
        output.value(&json!({ "type": "listening", "address": address, "device": description }))?;
        note(&format!("listening on {address}, computing by {description}; Ctrl-C ends the worker"));
        while !interrupt::requested() {
            let Ok(incoming) = tokio::time::timeout(LOOK, endpoint.accept()).await else { continue };
            let Some(incoming) = incoming else { break };
            NETWORK.spawn(admit(incoming, handler.clone()));
        }
        handler.shutdown().await;
        endpoint.close().await;
        note("the worker has ended");
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(interrupt::check()?)
}

/// One connection from its beginning to its end.
async fn admit(incoming: Incoming, handler: Arc<dyn DynProtocolHandler>) {
    let from = match incoming.remote_addr() {
        IncomingAddr::Ip(address) => address.to_string(),
        other => format!("{other:?}"),
    };
    let Ok(connection) = incoming.await else {
        return note(&format!("refused {from}: it does not have this worker's token, or broke off"));
    };
    if connection.alpn() == link::KNOCK {
        connection.closed().await;
        return;
    }
    note(&format!("{from} is connected"));
    // What ends a connection is no failure of the worker's.
    let _ = handler.accept(connection).await;
    note(&format!("{from} is gone"));
}

/// Lets in whoever shows what follows from the token.
fn authorizer(token: &Token) -> impl Fn(AuthorizationRequest<'_>) -> Result<(), String> + Send + Sync + 'static {
    // Digests are compared: how long that takes tells nothing about the credential.
    let expected = Sha256::digest(token.credential());
    move |request| {
        if Sha256::digest(request.credential.as_bytes()) == expected {
            return Ok(());
        }
        let reason = format!("refused {}: it does not have this worker's token", request.client);
        note(&reason);
        Err(reason)
    }
}
