namespace Mallgram.Web.Admin.Api;

/// <param name="Terms">Words or short phrases that mean the same.</param>
internal sealed record SynonymGroup(string Id, IReadOnlyList<string> Terms, DateTimeOffset UpdatedAt);

/// <param name="Searches">How often in the period.</param>
/// <param name="LastDay">UTC.</param>
internal sealed record EmptySearch(string Query, long Searches, DateOnly LastDay);
