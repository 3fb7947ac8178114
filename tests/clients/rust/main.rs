//! Asks who it is twice a second for SECONDS, with one client all the time, and prints the ARN.

use std::{
    env,
    error::Error,
    time::{Duration, Instant},
};

use aws_config::BehaviorVersion;
use aws_sdk_sts::Client;
use tokio::{runtime::Builder, time::sleep};

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = env::args().nth(1).ok_or("SECONDS is missing")?.parse()?;
    let arn = Builder::new_current_thread().enable_all().build()?.block_on(ask(Duration::from_secs(seconds)))?;
    println!("{arn}");
    Ok(())
}

async fn ask(span: Duration) -> Result<String, Box<dyn Error>> {
    // The bed speaks plain HTTP; TLS would take two minutes to build.
    let http = aws_smithy_http_client::Builder::new().build_http();
    let client = Client::new(&aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await);
    let end = Instant::now() + span;
    loop {
        let identity = client.get_caller_identity().send().await?;
        if Instant::now() >= end {
            return Ok(identity.arn().unwrap_or_default().to_owned());
        }
        sleep(Duration::from_millis(500)).await;
    }
}
