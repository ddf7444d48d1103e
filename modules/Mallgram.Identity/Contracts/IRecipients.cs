namespace Mallgram.Identity.Contracts;

/// <summary>A person as messages address them.</summary>
/// <param name="FullName">Empty for someone who never gave a name.</param>
/// <param name="Phone">E.164.</param>
/// <param name="Language"><c>en</c> or <c>fr</c>.</param>
public sealed record Recipient(string FullName, string? Email, string? Phone, string Language);

/// <summary>Finds people of the scope's store for messages to them.</summary>
public interface IRecipients
{
    /// <returns>Null for nobody, or who was erased.</returns>
    Task<Recipient?> FindAsync(Guid userId, CancellationToken ct);
}
