//! What waits for the engine: commands in one queue, what the network brings in another.

use tokio::sync::mpsc;

use super::{Command, Traffic};

/// Commands that may wait for the engine; who has another one waits for room.
const COMMANDS_MAX: usize = 64;
/// Events of the network that may wait for the engine before readers are held up: enough to keep it
/// busy, few enough to bound memory.
const TRAFFIC_MAX: usize = 1024;

/// Something that happens to the engine.
pub(super) enum Happening {
    /// A person or this process wants something.
    Command(Command),
    /// The network brings something.
    Traffic(Traffic),
}

/// The engine's ends of its queues. A command never waits behind what the network brings.
pub(super) struct Queues {
    commands: mpsc::Receiver<Command>,
    traffic: mpsc::Receiver<Traffic>,
}

/// Makes the queues.
pub(super) fn queues() -> (mpsc::Sender<Command>, mpsc::Sender<Traffic>, Queues) {
    let (command_sender, commands) = mpsc::channel(COMMANDS_MAX);
    let (traffic_sender, traffic) = mpsc::channel(TRAFFIC_MAX);
    (command_sender, traffic_sender, Queues { commands, traffic })
}

impl Queues {
    /// Waits for what is next; `None` where nobody can send commands any more. Cancel safe.
    pub(super) async fn next(&mut self) -> Option<Happening> {
        tokio::select! {
            biased;
            command = self.commands.recv() => command.map(Happening::Command),
            Some(traffic) = self.traffic.recv() => Some(Happening::Traffic(traffic)),
        }
    }

    /// Returns what is next where there is something.
    pub(super) fn try_next(&mut self) -> Option<Happening> {
        if let Ok(command) = self.commands.try_recv() {
            return Some(Happening::Command(command));
        }
        self.traffic.try_recv().ok().map(Happening::Traffic)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_command_goes_before_a_flood_from_the_network() {
        let (commands, traffic, mut queues) = queues();
        for _ in 0..TRAFFIC_MAX {
            traffic.try_send(Traffic::Writable).unwrap();
        }
        commands.try_send(Command::NetworkChanged).unwrap();
        commands.try_send(Command::Shutdown).unwrap();
        assert!(matches!(
            queues.next().await,
            Some(Happening::Command(Command::NetworkChanged))
        ));
        assert!(matches!(
            queues.try_next(),
            Some(Happening::Command(Command::Shutdown))
        ));
        assert!(matches!(
            queues.next().await,
            Some(Happening::Traffic(Traffic::Writable))
        ));
    }
}
