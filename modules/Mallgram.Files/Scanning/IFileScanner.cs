namespace Mallgram.Files.Scanning;

/// <summary>Looks for malware in what people upload, before anybody can read it.</summary>
internal interface IFileScanner
{
    /// <param name="content">Read to its end.</param>
    /// <returns>Name of what was found; null when nothing was.</returns>
    /// <exception cref="ScannerUnavailableException">The scanner did not answer: the file is neither good nor bad yet.</exception>
    Task<string?> ScanAsync(Stream content, CancellationToken ct);
}

/// <summary>The virus scanner cannot be asked; the upload is to be tried again.</summary>
internal sealed class ScannerUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Used while <c>Files:Clamd</c> is empty: everything passes.</summary>
internal sealed class NoScanner : IFileScanner
{
    public Task<string?> ScanAsync(Stream content, CancellationToken ct) => Task.FromResult<string?>(null);
}
