//! moto: AWS as a server on the loopback interface, in a process of its own.
//!
//! Needs python3 with `venv`. The first use makes a virtual environment below `target/` and has pip install moto there.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

const MOTO: &str = "moto[server]==5.2.5";

/// The account in which everything is that a caller makes.
pub(crate) const OWNER: &str = "123456789012";

/// Ends when its standard input does: with this process at the latest. moto passes over the condition that a bucket is somebody's; here it
/// holds as S3 has it.
const SERVE: &str = "\
import sys
from moto.moto_server import threaded_moto_server
from moto.server import ThreadedMotoServer

class Owned(threaded_moto_server.DomainDispatcherApplication):
    def __call__(self, environ, start_response):
        if environ.get('HTTP_X_AMZ_EXPECTED_BUCKET_OWNER', '123456789012') != '123456789012':
            start_response('403 Forbidden', [('Content-Type', 'application/xml')])
            return [b'<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>']
        return super().__call__(environ, start_response)

threaded_moto_server.DomainDispatcherApplication = Owned
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
";

/// A server with nothing in it; gone when dropped.
pub(crate) struct Moto {
    /// `http://127.0.0.1:port`
    pub(crate) endpoint: String,
    child: Child,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let mut command = Command::new(python());
        command.args(["-c", SERVE]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        assert!(!port.is_empty(), "moto did not start");
        Self { endpoint: format!("http://127.0.0.1:{}", port.trim()), child }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The interpreter of the environment that has moto; tests of several processes make it once.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let made = folder.join(MOTO.replace(['[', ']', '='], "-"));
        let python = made.join("bin/python");
        if python.exists() {
            return python;
        }
        let making = folder.join(format!("moto-{}", std::process::id()));
        run(Command::new("python3").args(["-m", "venv"]).arg(&making));
        run(Command::new(making.join("bin/python")).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", MOTO]));
        if std::fs::rename(&making, &made).is_err() {
            // Another process was first.
            std::fs::remove_dir_all(&making).unwrap();
        }
        python
    })
}

fn run(command: &mut Command) {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; these tests need python3 with venv"));
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}
