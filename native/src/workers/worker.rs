//! The worker's side: listening, and serving those who [have the token](super::door).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use burn::server::{BURN_REMOTE_ALPN, RemoteServer};
use iroh::endpoint::Connection;
use iroh::protocol::DynProtocolHandler;
use serde_json::json;

use super::door::Door;
use super::message::Hello;
use super::share::with_operations;
use super::token::Token;
use super::{NETWORK, file_limit, link};
use crate::commands::worker::WorkerArgs;
use crate::interrupt;
use crate::output::{Output, note};

/// How often a worker looks whether it is asked to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Serves until somebody stops it.
pub fn serve(args: &WorkerArgs, output: Output) -> Result<()> {
    file_limit::check()?;
    let token = Token::find_or_make(args.token_file.as_deref())?;
    let (device, description) = args.compute.start()?;
    let about = Hello::new(&description);
    let server = with_operations(RemoteServer::new([device.clone()]), &device, &about);
    // Trainings are to hear at once that the worker ends.
    let _saver = interrupt::saver();
    let door = Door::new(&token);
    // One thread receives packets and stands at the door: with two, packets could come faster than strangers are sent away.
    let receiving = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    receiving.block_on(async {
        let endpoint = link::listen(args.listen, &token, &[BURN_REMOTE_ALPN, link::KNOCK]).await?;
        let handler: Arc<dyn DynProtocolHandler> =
            Arc::from(Box::<dyn DynProtocolHandler>::from(server.into_protocol(&endpoint)?));
        let address = endpoint.bound_sockets().first().map_or(args.listen, |address| *address);
        let listening = json!({ "type": "listening", "address": address, "device": description });
        output.value(&listening).context("the worker did not begin, for nobody hears where it listens")?;
        note(&format!("listening on {address}, computing by {description}; Ctrl-C ends the worker"));
        while !interrupt::requested() {
            let Ok(incoming) = tokio::time::timeout(LOOK, endpoint.accept()).await else { continue };
            let Some(incoming) = incoming else { break };
            let handler = handler.clone();
            door.meet(incoming, |connection, from| drop(NETWORK.spawn(serve_one(connection, from, handler))));
        }
        handler.shutdown().await;
        endpoint.close().await;
        note("the worker has ended");
        Ok::<_, anyhow::Error>(())
    })?;
    Ok(interrupt::check()?)
}

/// Serves a connection of somebody who has the token, to its end.
async fn serve_one(connection: Connection, from: SocketAddr, handler: Arc<dyn DynProtocolHandler>) {
    if connection.alpn() == link::KNOCK {
        return connection.close(link::WELCOME, b"welcome");
    }
    note(&format!("{from} is connected"));
    // What ends a connection is no failure of the worker's.
    let _ = handler.accept(connection).await;
    note(&format!("{from} is gone"));
}
