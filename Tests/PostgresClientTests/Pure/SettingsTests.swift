import Foundation
import PostgresTesting
import Testing

@testable import PostgresClient

@Suite struct SettingsTests {
  @Test func redactedDescriptionHoldsHostsDatabaseAndUserOnly() throws {
    let settings = try ConnectionSettings("postgres://app:hunter2secret@db1:5433,db2:5434/bridge?sslmode=verify-full")
    #expect(settings.redactedDescription == "db1:5433,db2:5434/bridge as app")
    #expect(!"\(settings)".contains("hunter2secret"))
    #expect(!String(reflecting: settings).contains("hunter2secret"))
    var dumped = ""
    dump(settings, to: &dumped)
    #expect(!dumped.contains("hunter2secret"))
  }

  @Test(arguments: [
    "postgres://app:hunter2@ss/word@db/bridge", "postgres://app:hunter2/word@db/bridge", "postgres://app:hunt:er2/x@db:5432/y",
    "postgres://app:hunter2@db:port/bridge", "postgres://app:hunter2@db/bridge?nonsense=hunter2", "postgres://app:hunter2@[::1/x",
    "password=hunter2 host=", "host='hunter2", "hunter2", "postgres://app:hunter2%zz@db/x", "password=hunter2\0 host=x",
  ])
  func malformedStringsAreRefusedWithoutShowingThem(_ url: String) throws {
    do {
      let settings = try ConnectionSettings(url)
      // libpq accepts this: an empty value.
      #expect(url == "password=hunter2 host=")
      #expect(!settings.redactedDescription.contains("hunter2"))
    } catch {
      #expect(error.code == .badURL)
      #expect(!error.description.contains("hunt"))
      #expect(!error.description.contains("er2"))
    }
  }

  @Test func hostsAreSplitIntoAttemptsInOrder() throws {
    let settings = try ConnectionSettings("host=a,b,c hostaddr=1.1.1.1,,3.3.3.3 port=1,2,3 user=u")
    #expect(settings.endpoints.map(\.description) == ["a:1", "b:2", "c:3"])
    #expect(settings.endpoints.map(\.address) == ["1.1.1.1", "", "3.3.3.3"])
    #expect(settings.endpoints.map(\.needsResolving) == [false, true, false])
    #expect(try ConnectionSettings("host=a,b port=7 user=u").endpoints.map(\.port) == ["7", "7"])
  }

  @Test func differentNumbersOfHostsAndPortsAreRefused() throws {
    for (text, reason) in [
      ("host=a,b,c port=1,2", "2 port numbers to 3 hosts"), ("host=a,b hostaddr=1.1.1.1", "2 host names to 1 hostaddr"),
    ] {
      let error = try #require(throws: PostgresError.self) { try ConnectionSettings(text) }
      #expect(error.code == .badURL && error.description.contains(reason), "\(error)")
    }
  }

  @Test func readWriteIsTheDefaultUnlessTheURLSaysOtherwise() throws {
    #expect(try ConnectionSettings("postgres://u@h/d").sessionAttributes == "read-write")
    #expect(try ConnectionSettings("postgres://u@h/d?target_session_attrs=any").sessionAttributes == "any")
  }

  @Test func anAttemptCarriesItsOptionsAndOneHostOnly() throws {
    var settings = try ConnectionSettings("postgres://u:p@a:1,b:2/d?sslmode=require&keepalives_idle=7&application_name=theirs")
    settings.fallbackApplicationName = "fallback"
    let options = settings.attemptOptions(for: settings.endpoints[1], sessionAttributes: "any")
    #expect(options["host"] == "b")
    #expect(options["port"] == "2")
    #expect(options["password"] == "p")
    #expect(options["sslmode"] == "require")
    #expect(options["keepalives_idle"] == "7")
    #expect(options["tcp_user_timeout"] == "15000")
    #expect(options["client_encoding"] == "UTF8")
    #expect(options["application_name"] == "theirs")
    #expect(options["fallback_application_name"] == "fallback")
    settings.applicationName = "ours"
    #expect(settings.attemptOptions(for: settings.endpoints[0], sessionAttributes: nil)["application_name"] == "ours")
  }

  @Test(arguments: [
    ("postgres://u@a,b/d?load_balance_hosts=random&sslmode=disable", true),
    ("postgres://u@a,b/d?sslmode=disable&load_balance_hosts=random", true), ("postgres://u@a,b/d?load_balance_hosts=disable", false),
    ("postgres://u@/d?host=a,b&load_balance_hosts=random&port=5432", true), ("postgres://u@a,b/d", false),
    ("host=a,b load_balance_hosts = 'random' user=u dbname=d", true), ("load_balance_hosts=random host=a,b user=u dbname=d", true),
  ])
  func loadBalanceHostsIsUnderstoodWhateverLibpqKnows(_ text: String, _ isRandom: Bool) throws {
    let settings = try ConnectionSettings(text)
    #expect(settings.shufflesHosts == isRandom)
    #expect(settings.redactedDescription == "a:5432,b:5432/d as u")
    #expect(settings.attemptOptions(for: settings.endpoints[0], sessionAttributes: nil)["load_balance_hosts"] == nil)
  }

  @Test(arguments: ["postgres://u@a,b/d?load_balance_hosts=bogus", "postgres://u@a/d?load_balance_hosts=", "host=a load_balance_hosts=yes"])
  func anotherValueOfLoadBalanceHostsIsRefusedByName(_ text: String) throws {
    let error = try #require(throws: PostgresError.self) { try ConnectionSettings(text) }
    #expect(error.code == .badURL && error.description.contains("load_balance_hosts is unknown: use random or disable"))
  }

  @Test func connectTimeoutOfTheURLIsKept() throws {
    #expect(try ConnectionSettings("postgres://u@a/d?connect_timeout=3").connectTimeout == .seconds(3))
    #expect(try ConnectionSettings("postgres://u@a/d").connectTimeout == .seconds(5))
  }

  @Test func servicesAreLibpqsAndTheirHostsAreSplitToo() async throws {
    let file = "/tmp/pg-client-test-service-\(UInt64.random(in: .min ... .max))"
    let handle = try #require(fopen(file, "w"))
    fputs("[two]\nhost=a,b\nport=1,2\ndbname=x\nuser=u\npassword=hidden-word\nsslmode=require\n", handle)
    fputs("[shuffled]\nhost=a\nload_balance_hosts=random\n[broken]\nhost=a\nnonsense=1\n", handle)
    fputs("# any\n[any]\nhost=a\n  target_session_attrs=any\n[standby]\nhost=a\ntarget_session_attrs=standby\n", handle)
    fclose(handle)
    setenv("PGSERVICEFILE", file, 1)
    defer {
      unsetenv("PGSERVICEFILE")
      unlink(file)
    }
    let settings = try ConnectionSettings("service=two")
    #expect(settings.redactedDescription == "a:1,b:2/x as u")
    #expect(settings.sanitizer.hideSecrets(in: "hidden-word") == "***")
    let options = settings.attemptOptions(for: settings.endpoints[0], sessionAttributes: nil)
    #expect(options["host"] == "a")
    #expect(options["service"] == "two")
    #expect(options["sslmode"] == nil)
    let attributes = try ["two", "any", "standby"].map { try ConnectionSettings("service=\($0)").sessionAttributes }
    #expect(attributes == ["read-write", "any", "standby"])
    #expect(try ConnectionSettings("service=any target_session_attrs=primary").sessionAttributes == "primary")
    for (service, reason) in [
      ("nowhere", "definition of service \"nowhere\" not found"), ("broken", "syntax error in service file \"\(file)\""),
    ] {
      let error = try await postgresError { _ = try ConnectionSettings("postgres://u@h/d?service=\(service)") }
      #expect(error.code == .badURL && error.description.contains(reason), "\(error)")
    }
    // libpq before 16 does not know the option, and names the line.
    do { #expect(try ConnectionSettings("service=shuffled").shufflesHosts) } catch {
      #expect("\(error)".contains("syntax error in service file"))
    }
  }

  @Test func socketFoldersAreShownAndNotResolved() throws {
    let settings = try ConnectionSettings("postgres://u@/d?host=/run/postgresql")
    #expect(settings.endpoints.map(\.isSocket) == [true])
    #expect(settings.redactedDescription == "/run/postgresql:5432/d as u")
  }
}

@Suite struct SanitizerTests {
  private let sanitizer = MessageSanitizer(secrets: ["s3cret/pw"])

  @Test func stateIsExtractedAndLocationDropped() {
    let raw = """
      connection to server at "127.0.0.1", port 5432 failed: FATAL:  28P01: password authentication failed for user "bob"
      LOCATION:  auth_failed, auth.c:330

      """
    let cleaned = sanitizer.clean(raw)
    #expect(cleaned == .init(text: "password authentication failed for user \"bob\"", sqlState: .invalidPassword))
  }

  @Test func secretsAreHiddenPlainAndPercentEncoded() {
    #expect(sanitizer.clean("bad s3cret/pw and s3cret%2Fpw.").text == "bad *** and ***.")
  }

  @Test func textWithoutStateStays() {
    let cleaned = sanitizer.clean("connection to server at \"::1\", port 1 failed: Connection refused\n\tIs the server running?")
    #expect(cleaned.sqlState == nil)
    #expect(cleaned.text.hasPrefix("Connection refused"))
  }
}
