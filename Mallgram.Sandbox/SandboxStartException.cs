namespace Mallgram.Sandbox;

/// <summary>
/// The sandbox cannot start as configured; the message is written for the person who started it. The process ends with code 1.
/// </summary>
public sealed class SandboxStartException(string message, Exception? inner = null) : Exception(message, inner);
