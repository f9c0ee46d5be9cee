/// What is written into the configuration of clients, and taken out of it again.
public enum ClientSetup {}
