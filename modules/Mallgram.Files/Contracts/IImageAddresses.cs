namespace Mallgram.Files.Contracts;

/// <summary>Where browsers get a picture: always from this API, never from a supplier.</summary>
public interface IImageAddresses
{
    /// <summary>The public address of a picture; <c>?w=</c> (pixels) asks for a width.</summary>
    /// <param name="source">
    /// An absolute http(s) address, one without scheme (<c>//host/path</c>, taken as https), or <c>file:fil_…</c> for an uploaded image.
    /// </param>
    /// <returns>Null for null and for anything else than such a source. The same source always has the same address.</returns>
    string? Of(string? source);
}
