import DrillModel
import Foundation
import Testing

@testable import Firedrill

@Suite("What names a remote catalog")
struct RemoteTextTests {
  @Test(
    "becomes what rclone takes",
    arguments: [
      ("s3://bucket/shop/", ":s3,env_auth:bucket/shop"), ("s3://bucket", ":s3,env_auth:bucket"),
      (
        "s3://bucket/shop?endpoint=http://127.0.0.1:9000&provider=Minio",
        ":s3,env_auth,endpoint='http://127.0.0.1:9000',provider=Minio:bucket/shop"
      ),
      ("gs://bucket/a/b", ":gcs,env_auth:bucket/a/b"), ("az://container/a", ":azureblob,env_auth:container/a"),
      (
        "sftp://ada@host:2022/srv/backups?known_hosts_file=/k",
        ":sftp,host=host,user=ada,port=2022,known_hosts_file=/k:/srv/backups"
      ),
      ("sftp://host/~/backups?known_hosts_file=/k", ":sftp,host=host,known_hosts_file=/k:backups"),
      ("https://host:8443/a%20b", ":http,url='https://host:8443/a%20b/':"),
      ("webdavs://host/dav/", ":webdav,url='https://host/dav':"), ("rclone:shop:a/b/", "shop:a/b"),
      ("rclone:shop", "shop:"),
      ("rclone::local:/srv", ":local:/srv"),
    ])
  func mapped(text: String, expected: String) throws {
    let remote = try #require(try RcloneRemote(text))
    #expect(remote.root == expected)
    #expect(remote.isReadOnly == text.hasPrefix("http"))
    #expect(remote.path("b/m.json") == expected + (expected.hasSuffix(":") ? "b/m.json" : "/b/m.json"))
  }

  @Test("the fields that drills/README.md shows of remote catalogs are read")
  func shownFields() throws {
    let block = try #require(try Repository.yamlBlocks(of: "drills/README.md").first { $0.contains("max_age:") })
    let folder = try TemporaryFolder.make()
    defer { TemporaryFolder.remove(folder) }
    let path = folder + "/drill.yaml"
    let cluster = "cluster: c\nengine: sqlite\nfiles: [{shard: a, path: a.db}]\n"
    try Data(cluster.utf8).write(to: URL(fileURLWithPath: folder + "/c.yaml"))
    try Data("drill: d\ncluster: c.yaml\ntrust: seal.pub\n\(block)".utf8).write(to: URL(fileURLWithPath: path))
    let remote = try #require(try DrillFile.read(path: path).remoteCatalog)
    #expect(remote.remote.root == ":s3,env_auth:bucket/shop")
    #expect(remote.settings.cacheBytes == 50 << 30 && remote.settings.maxAge == .seconds(86_400))
    #expect(remote.settings.config == folder + "/rclone.conf" && remote.settings.timeout == .seconds(60))
  }

  @Test("a folder's path is none", arguments: ["/var/backups", "backups", "./a:b", "../x", "~/backups", "a/b:c"])
  func folders(path: String) throws { #expect(try RcloneRemote(path) == nil) }

  @Test(
    "is refused where it holds a secret, and the refusal does not repeat it",
    arguments: [
      "sftp://ada:hunter2@host/srv", "s3://hunter2@bucket/a", "s3://bucket?secret_access_key=hunter2",
      "s3://bucket?session_token=hunter2", "rclone::s3,secret_access_key=hunter2:bucket",
      "rclone::sftp,host=h,pass=hunter2:/a",
      "az://container?sas_url=hunter2", "https://ada:hunter2@host/a",
    ])
  func secrets(text: String) throws {
    let error = try #require(throws: DrillError.self) { try RcloneRemote(text) }
    #expect(error.code == .usage && error.detail.contains("secret"), "\(error)")
    #expect(!"\(error)".contains("hunter2"), "\(error)")
  }

  @Test(
    "is refused where it means nothing, with what to write instead",
    arguments: [
      ("shop:backups", "rclone:shop:backups"), ("ftps://host/a", "s3://"), ("s3://", "s3://HOST/PATH"),
      ("rclone:", "listremotes"),
      ("rclone:-x:y", "listremotes"), ("s3://b?End=x", "option"),
    ])
  func nonsense(text: String, word: String) throws {
    let error = try #require(throws: DrillError.self) { try RcloneRemote(text) }
    #expect(error.code == .usage && error.detail.contains(word), "\(error)")
  }
}

@Suite("What a remote lists")
struct RemoteListingTests {
  private func listing(_ path: String, size: Int = 1) throws -> RemoteListing {
    let lines = [["Path": path, "Size": size, "IsDir": false, "ModTime": "2026-01-31T04:00:00.123456789Z"]]
    return try RemoteListing(parsing: JSONSerialization.data(withJSONObject: lines), of: "r")
  }

  @Test("names folders that it does not list, as buckets do not")
  func folders() throws {
    let listing = try listing("shop/reference/counts.json")
    #expect(listing.folders == ["shop", "shop/reference"] && listing.topFolders == ["shop"])
    #expect(listing.objects(below: "shop").keys.sorted() == ["reference/counts.json"])
  }

  @Test(
    "a name that leads out of the cache is refused",
    arguments: ["../x", "a/../../x", "/etc/x", "a//b", "a/./b", "a\nb", "a/"])
  func hostileNames(name: String) throws {
    #expect(try #require(throws: DrillError.self) { try listing(name) }.code == .fetchFailed)
  }

  @Test("an object without a size, one that is there twice, and what is no listing are refused")
  func unusable() throws {
    #expect(try #require(throws: DrillError.self) { try listing("a", size: -1) }.code == .fetchFailed)
    let line = #"{"Path":"a","Size":1,"IsDir":false}"#
    for text in ["[\(line),\(line)]", "[\(line)", "", "[{}]"] {
      #expect(
        try #require(throws: DrillError.self) { try RemoteListing(parsing: Data(text.utf8), of: "r") }.code
          == .fetchFailed)
    }
    #expect(try RemoteListing(parsing: Data("[\(line)]".utf8), of: "r").objects.count == 1)
  }

  @Test("times are read whatever their digits and zone")
  func times() {
    for (text, milliseconds) in [
      ("2026-01-31T04:00:00Z", 0), ("2026-01-31T04:00:00.123456789Z", 123), ("2026-01-31T05:00:00.5+01:00", 500),
    ] {
      #expect(RemoteTime.parse(text)?.millisecondsSince1970 == 1_769_832_000_000 + Int64(milliseconds), "\(text)")
    }
    #expect(RemoteTime.parse("yesterday") == nil && RemoteTime.parse("") == nil)
  }
}
