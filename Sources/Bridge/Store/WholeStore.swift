/// What every store of this program can do.
public typealias WholeStore = BridgeStore & TranscriptStore & DiagnosableStore & StoreArchive & StoreRetention
