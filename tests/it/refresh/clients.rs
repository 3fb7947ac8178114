//! Real clients, on credentials that end several times while they run.

use crate::harness::{Home, bed, succeed};

/// What boto3 does for `SECONDS`: one client of its own all the time, and asks who it is twice a second.
const ASK_WITH_BOTO3: &str = "
import sys, time, boto3
sts = boto3.client('sts')
keys, end = set(), time.time() + float(sys.argv[1])
while time.time() < end:
    arn = sts.get_caller_identity()['Arn']
    keys.add(boto3.DEFAULT_SESSION.get_credentials().get_frozen_credentials().access_key)
    time.sleep(0.5)
print(arn, len(keys))
";

/// A home whose STS gives credentials for so many seconds.
pub(super) fn with_ttl(seconds: u32) -> Home {
    with_sts(&format!("/ttl/{seconds}"))
}

/// A home that has signed in at an STS of this kind.
pub(super) fn with_sts(path: &str) -> Home {
    let mut home = Home::new();
    home.sts_path = path.into();
    home.sign_in("corp");
    home
}

#[test]
fn boto3_outlives_its_first_credentials_several_times() {
    let home = with_ttl(8);
    let python = bed("LEAPP_BED_PYTHON");
    let words = ["exec", "--refresh", "prod", "--", &python, "-c", ASK_WITH_BOTO3, "26"];
    let said = succeed(&mut home.leapp(words));
    let (arn, keys) = said.trim().rsplit_once(' ').expect("two words");
    assert!(arn.starts_with("arn:aws:sts::444455556666:assumed-role/Deploy/"), "{arn}");
    assert!(keys.parse::<u32>().expect("a number") >= 4, "{said}");
}
