//! `seedling drill carrier`: an EX carrier in a terminal, for trying out a channel by hand.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use clap::Args;
use simulator::carrier::{Delivery, Dialect};
use simulator::connections::Connections;
use simulator::faults::Faults;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Messages and reports on their way at once; one person types them.
const CONNECTIONS: usize = 4;

/// Listens as a carrier would, prints every message that the node sends, reports it delivered, and hands in
/// every line that is typed as a message of one person.
#[derive(Args)]
#[command(after_help = "\
Example:
  seedling channel add EX --data DIR --name Test --config \"$(seedling drill carrier --print-config)\"
  seedling drill carrier --url http://127.0.0.1:7333 --channel-uuid UUID --from +256799000001")]
pub struct Carrier {
    /// Where to listen; the channel's send_url is http://ADDR/send
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7444")]
    listen: SocketAddr,
    /// The node
    #[arg(long, value_name = "NODE", default_value = "http://127.0.0.1:7333")]
    url: String,
    /// The EX channel of that node
    #[arg(long, value_name = "UUID", required_unless_present = "print_config")]
    channel_uuid: Option<Uuid>,
    /// The person who types
    #[arg(long, value_name = "NUMBER", default_value = "+256799000001")]
    from: String,
    /// What it does wrong: delay=50ms,throttle=5%,fail=5%,hang=1%,repeat=10%,reorder=10%,seed=7
    #[arg(long, value_name = "FAULTS", default_value = "")]
    faults: Faults,
    /// Only print the configuration that a channel needs to send here
    #[arg(long)]
    print_config: bool,
}

impl Carrier {
    /// Runs until the input ends.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let carrier = simulator::carrier::Carrier::bind(self.listen, Dialect::Ex)
            .await
            .with_context(|| format!("cannot listen at {}; choose another --listen", self.listen))?
            .with_faults(self.faults);
        let Some(channel) = self.channel_uuid.filter(|_| !self.print_config) else {
            println!("{}", carrier.channel_config());
            return Ok(ExitCode::SUCCESS);
        };
        eprintln!("carrier at {}; type messages of {}", carrier.send_url(), self.from);
        let print = |delivery: &Delivery| println!("{} <- {}", delivery.to, delivery.text);
        let reports = Connections::new(&self.url, CONNECTIONS)?;
        let node = Connections::new(&self.url, CONNECTIONS)?;
        tokio::spawn(carrier.serve(reports, channel, Arc::new(print), Arc::new(|| {})));
        let path = format!("/c/ex/{channel}/receive");
        let mut lines = typed();
        while let Some(text) = lines.recv().await {
            let body = format!("from={}&text={}", escaped(&self.from), escaped(&text));
            match node.post(&path, "application/x-www-form-urlencoded", Bytes::from(body)).await {
                Ok(answer) if answer.status.is_success() => {}
                Ok(answer) => {
                    eprintln!("refused with {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
                }
                Err(error) => eprintln!("{error}"),
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Lines of standard input. A terminal can only be read by waiting for it, so it has a thread of its own,
/// which ends with the process.
fn typed() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A form value.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
