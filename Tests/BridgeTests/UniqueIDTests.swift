import Bridge
import Testing

@Suite("Ids")
struct UniqueIDTests {
  @Test func idsAreRandomLowercaseUUIDsOfVersion4() {
    let version4 = #/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/#
    let ids = (0..<500).map { _ in UniqueID.make() }
    #expect(ids.allSatisfy { $0.wholeMatch(of: version4) != nil })
    #expect(Set(ids).count == ids.count)
  }
}
