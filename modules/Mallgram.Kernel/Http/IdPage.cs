using Mallgram.Kernel.Ids;
using Mallgram.Kernel.Problems;

namespace Mallgram.Kernel.Http;

/// <summary>
/// A page of a list that shows the newest first. Ids are UUIDv7, so the last id shown is all that a cursor needs to hold.
/// </summary>
/// <param name="Before">Only ids below it; null on the first page.</param>
/// <param name="Limit">1 to 100.</param>
public sealed record IdPage(Guid? Before, int Limit)
{
    private const int UsualLimit = 24;

    /// <param name="prefix">Of the public ids in the list.</param>
    /// <exception cref="ProblemException">400 <c>cursor_invalid</c> or 422.</exception>
    public static IdPage Read(string prefix, string? cursor, int? limit)
    {
        if (limit is < 1 or > 100)
        {
            var errors = new FieldErrors();
            errors.Add("limit", "must be 1 to 100", "doit être de 1 à 100");
            errors.ThrowIfAny();
        }

        if (cursor is null)
        {
            return new IdPage(Before: null, limit ?? UsualLimit);
        }

        return PublicId.TryParse(prefix, cursor, out var before)
            ? new IdPage(before, limit ?? UsualLimit)
            : throw new ProblemException(CommonProblems.CursorInvalid);
    }

    /// <param name="rows">As read: one more than <see cref="Limit"/> when there is another page.</param>
    /// <param name="id">Public id of a row.</param>
    public string? Next<T>(IReadOnlyList<T> rows, Func<T, string> id) => rows.Count > Limit ? id(rows[Limit - 1]) : null;
}
