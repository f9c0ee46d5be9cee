/// The operating system as the other rooms see it.
public enum SystemSupport {}
