//! Who is signed in, by the provider's own word:  rustc whoami.rs && ./whoami https://PROVIDER/userinfo
//! Exit codes: 0 done, 1 failed, 3 Loopgate does not run, 4 nobody is signed in, 5 refused. The standard library has no
//! TLS, so that `curl` asks the provider here; and no JSON. A crate of yours has both.
use std::io::{Read, Write};
use std::process::{exit, Command, Stdio};
use std::{env, env::var, fs::read_to_string, net::TcpStream};

fn field(name: &str, json: &str) -> Option<String> {
    let (_, behind) = json.split_once(&format!("\"{name}\""))?;
    Some(behind.trim_start_matches([' ', ':', '"']).split_once('"')?.0.into())
}
fn stop(code: i32, why: String) -> ! {
    eprintln!("{why}");
    exit(code)
}
fn main() {
    let folder = match env::consts::OS {
        "macos" => var("HOME").map(|user| user + "/Library/Application Support/Loopgate"),
        "windows" => var("APPDATA").map(|data| data + "/Loopgate"),
        _ => var("XDG_CONFIG_HOME").or(var("HOME").map(|user| user + "/.config")).map(|config| config + "/loopgate"),
    };
    let file = read_to_string(var("LOOPGATE_HOME").or(folder).unwrap() + "/endpoint.json").unwrap_or_default();
    let host = field("address", &file).map_or("localhost:1000".into(), |address| address.replace("http://", ""));
    let mut stream = TcpStream::connect(&host)
        .unwrap_or_else(|_| stop(3, format!("Loopgate does not run at http://{host}. Start it, then try again.")));
    write!(stream, "GET /user/access_token HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new(); // No time limit: the person may be answering whether this program may.
    stream.read_to_string(&mut answer).unwrap();
    let (head, token) = answer.split_once("\r\n\r\n").unwrap();
    let code = match &head[9..12] { "200" => 0, "401" => 4, "403" => 5, _ => 1 };
    if code != 0 { stop(code, field("error_description", token).unwrap()) }
    // By standard input: what is on a command line, every user of the machine can read.
    let mut curl = Command::new("curl").args(["--silent", "--header", "@-", &env::args().nth(1).unwrap()])
        .stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(curl.stdin.take().unwrap(), "Authorization: Bearer {token}").unwrap();
    let person = String::from_utf8(curl.wait_with_output().unwrap().stdout).unwrap();
    let why = || stop(1, "The provider did not say who this is. Check the address.".into());
    println!("Signed in as {}.", field("name", &person).unwrap_or_else(why));
}
