import Testing

@Suite struct SystemSupportTests {}
