//! A thousand subscribers of one channel, which is more connections than some systems let a program
//! have: so this is no check.

use std::thread;
use std::time::{Duration, Instant};
use workshop::client::Client;
use workshop::script::array;
use workshop::server::Server;
use workshop::stage::STAGES;
use workshop::target::Target;

const SUBSCRIBERS: usize = 1000;
const MESSAGES: usize = 20;
const DEADLINE: Duration = Duration::from_secs(20);

fn subscribed(target: &Target) -> Client {
    let mut client = target.connect().unwrap();
    let confirmed = "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n";
    client.ask(&["SUBSCRIBE", "news"], confirmed).unwrap();
    client
}

fn all_hear(server: &Server) {
    let target = Target {
        deadline: DEADLINE,
        ..Target::new(server.address())
    };
    let mut subscribers: Vec<Client> = (0..SUBSCRIBERS).map(|_| subscribed(&target)).collect();
    let mut publisher = target.connect().unwrap();
    for number in 0..MESSAGES {
        let heard = format!(":{SUBSCRIBERS}\r\n");
        publisher
            .ask(&["PUBLISH", "news", &number.to_string()], heard)
            .unwrap();
    }
    for client in &mut subscribers {
        for number in 0..MESSAGES {
            client
                .expect(array(&["message", "news", &number.to_string()]))
                .unwrap();
        }
    }
    drop(subscribers);
    let limit = Instant::now() + DEADLINE;
    while publisher.integer(&["PUBLISH", "news", "anybody?"]).unwrap() > 0 {
        assert!(
            Instant::now() < limit,
            "those who left are counted for ever"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[ignore = "many: a thousand connections"]
fn all_subscribers_of_redis_hear_everything() {
    match Server::start_redis().unwrap() {
        Some(server) => all_hear(&server),
        None => eprintln!("skipped: there is no redis-server on the PATH"),
    }
}

#[test]
#[ignore = "many: a thousand connections"]
fn all_subscribers_of_stage_06_hear_everything() {
    all_hear(&Server::start(STAGES[5]).unwrap());
}
