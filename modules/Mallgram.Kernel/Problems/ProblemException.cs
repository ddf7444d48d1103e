namespace Mallgram.Kernel.Problems;

/// <summary>A kind of failure that callers can act on.</summary>
/// <param name="Code">Stable word in the answer; never rename.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Detail">What happened and what to do, with <c>{0}</c>… for the values of the case.</param>
public sealed record ProblemCode(string Code, int Status, LocalText Detail)
{
    public ProblemCode(string code, int status, string english, string french)
        : this(code, status, new LocalText(english, french))
    {
    }
}

/// <summary>Ends a request with a problem answer (RFC 9457) and nothing done. Thrown by use cases, answered at the edge.</summary>
/// <param name="problem">The kind.</param>
/// <param name="values">Values for the placeholders of the detail text.</param>
public sealed class ProblemException(ProblemCode problem, params object?[] values) : Exception(problem.Code)
{
    public ProblemCode Problem { get; } = problem;

    public LocalText Detail { get; } = values.Length == 0 ? problem.Detail : problem.Detail.With(values);

    /// <summary>Field errors of a 422, by JSON path in snake_case.</summary>
    public FieldErrors? Fields { get; init; }

    /// <summary>Further members of the answer, e.g. the lines that are out of stock.</summary>
    public IReadOnlyDictionary<string, object?>? Members { get; init; }

    /// <summary>Sent as <c>Retry-After</c>.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Collects what is wrong with a request, field by field, before anything is done.</summary>
public sealed class FieldErrors
{
    private readonly Dictionary<string, List<LocalText>> _errors = new(StringComparer.Ordinal);

    public bool Any => _errors.Count > 0;

    public IReadOnlyDictionary<string, List<LocalText>> All => _errors;

    /// <param name="field">Path as the caller wrote it: <c>items[0].quantity</c>.</param>
    public void Add(string field, string english, string french)
    {
        if (!_errors.TryGetValue(field, out var list))
        {
            _errors[field] = list = [];
        }

        list.Add(new LocalText(english, french));
    }

    public void Require(string? value, string field, int maxLength)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            Add(field, "is required", "est obligatoire");
        }
        else
        {
            AtMost(value, field, maxLength);
        }
    }

    public void AtMost(string? value, string field, int maxLength)
    {
        if (value is not null && value.Length > maxLength)
        {
            Add(field, $"must have at most {maxLength} characters", $"doit avoir au plus {maxLength} caractères");
        }
    }

    /// <exception cref="ProblemException">422 <c>validation_failed</c> when anything was added.</exception>
    public void ThrowIfAny()
    {
        if (Any)
        {
            throw new ProblemException(CommonProblems.ValidationFailed) { Fields = this };
        }
    }
}
