//! People who reach a worker's port and do not have its token.

use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use iroh::endpoint::{Connection, PortmapperConfig, QuicTransportConfig, presets};
use iroh::{Endpoint, EndpointAddr, RelayMode, SecretKey};
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The largest frame that the framework takes.
const FRAME: u64 = 1 << 30;

/// What a stranger does with a connection, once there is one.
#[derive(Debug, Clone, Copy)]
pub struct Deed {
    /// The protocol that the connection is for.
    pub protocol: &'static [u8],
    /// Streams to open, each with the announcement of a frame of 1 GiB …
    pub streams: usize,
    /// … and this much of it.
    pub bytes: usize,
}

/// What a worker let a stranger do.
#[derive(Debug, Clone, Copy)]
pub struct Outcome {
    /// Bytes that it took.
    pub taken: usize,
    /// How long it kept the connection; `None` if it still had it when the stranger gave up.
    pub kept: Option<Duration>,
}

/// The worker at `address`, whose token is in `file`, as a stranger knows it: whoever begins a handshake is shown its public key.
pub fn worker(address: SocketAddr, file: &Path) -> EndpointAddr {
    let purpose = "mmrec worker";
    let mut hash = Sha256::new();
    hash.update((purpose.len() as u64).to_le_bytes());
    hash.update(purpose);
    hash.update(fs::read_to_string(file).unwrap().trim());
    EndpointAddr::new(SecretKey::from_bytes(&hash.finalize().into()).public()).with_ip_addr(address)
}

/// Somebody who keeps connections alive for as long as they are let.
async fn stranger() -> Endpoint {
    let transport = QuicTransportConfig::builder().keep_alive_interval(Duration::from_secs(1)).build();
    let builder = Endpoint::builder(presets::Minimal).relay_mode(RelayMode::Disabled);
    let builder = builder.portmapper_config(PortmapperConfig::Disabled).clear_ip_transports();
    builder.transport_config(transport).bind_addr("127.0.0.1:0").unwrap().bind().await.unwrap()
}

/// Does `deed` on `count` connections at the same time; what came of those that were let begin. Gives up after `patience`.
pub async fn crowd(worker: &EndpointAddr, count: usize, deed: Deed, patience: Duration) -> Vec<Outcome> {
    let stranger = stranger().await;
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let (stranger, worker) = (stranger.clone(), worker.clone());
        tasks.spawn(async move {
            let connection = timeout(patience, stranger.connect(worker, deed.protocol)).await.ok()?.ok()?;
            let began = Instant::now();
            let mut streams = JoinSet::new();
            for _ in 0..deed.streams {
                streams.spawn(timeout(patience, announce(connection.clone(), deed.bytes)));
            }
            let kept = timeout(patience, connection.closed()).await.ok().map(|_| began.elapsed());
            let taken = streams.join_all().await.into_iter().map(|taken| taken.unwrap_or_default()).sum();
            Some(Outcome { taken, kept })
        });
    }
    tasks.join_all().await.into_iter().flatten().collect()
}

/// Announces a large frame and sends `bytes` of it; how many were taken.
async fn announce(connection: Connection, bytes: usize) -> usize {
    let Ok((mut stream, _)) = connection.open_bi().await else { return 0 };
    let mut taken = 0;
    if stream.write_all(&FRAME.to_le_bytes()).await.is_ok() {
        let piece = [7; 1 << 16];
        while taken < bytes && stream.write_all(&piece).await.is_ok() {
            taken += piece.len();
        }
    }
    // Held open to the end.
    connection.closed().await;
    taken
}

/// Begins `count` handshakes and ends none, each from another address; the first packet of the last one.
pub async fn half_open(worker: &EndpointAddr, count: usize) -> Vec<u8> {
    let target = *worker.ip_addrs().next().unwrap();
    let stranger = stranger().await;
    let mut first = Vec::new();
    for _ in 0..count {
        let [near, far] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        for socket in [&near, &far] {
            socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        }
        let between = EndpointAddr::new(worker.id).with_ip_addr(near.local_addr().unwrap());
        let dialling = tokio::spawn({
            let stranger = stranger.clone();
            async move { stranger.connect(between, b"burn/remote/1").await.map(drop) }
        });
        first = tokio::task::spawn_blocking(move || pass_two(&near, &far, target)).await.unwrap();
        dialling.abort();
    }
    first
}

/// Passes two packets on to `target`, with the answer to the first; the first.
fn pass_two(near: &UdpSocket, far: &UdpSocket, target: SocketAddr) -> Vec<u8> {
    let mut packet = [0; 2048];
    let mut first = Vec::new();
    for round in 0..2 {
        let Ok((length, from)) = near.recv_from(&mut packet) else { break };
        far.send_to(&packet[..length], target).unwrap();
        if round == 0 {
            first = packet[..length].to_vec();
        }
        let Ok(length) = far.recv(&mut packet) else { break };
        if round == 0 {
            near.send_to(&packet[..length], from).unwrap();
        }
    }
    first
}

/// Sends packets of noise, and `first`, which begins a handshake, again and again with a few bytes changed.
pub fn flood(target: SocketAddr, first: &[u8], count: usize) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..count {
        let mut packet = first.to_vec();
        let changed = if round % 2 == 0 { 6..14 } else { 0..packet.len() };
        for byte in &mut packet[changed] {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            *byte = noise as u8;
        }
        // A packet that finds no room is lost, as packets are.
        let _ = socket.send_to(&packet, target);
    }
}
