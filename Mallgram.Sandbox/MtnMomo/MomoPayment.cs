using System.Text.Json.Serialization;

namespace Mallgram.Sandbox.MtnMomo;

[JsonConverter(typeof(JsonStringEnumConverter<MomoStatus>))]
internal enum MomoStatus
{
    Pending,
    Successful,
    Failed,
}

/// <summary>What a payment will do, settled when it is accepted so that a restart changes nothing.</summary>
internal sealed record MomoPlan
{
    /// <summary>Pending: it waits for a click on the phone page.</summary>
    public MomoStatus Outcome { get; init; } = MomoStatus.Successful;

    public string? Reason { get; init; }

    public int DecisionDelayMs { get; init; }

    public int CallbackDelayMs { get; init; }

    /// <summary>0: the callback is dropped.</summary>
    public int CallbackCopies { get; init; } = 1;

    /// <summary>The callback waits until the next payment's callback has gone.</summary>
    public bool HoldForNext { get; init; }

    /// <summary><c>url</c>, <c>reference</c> or <c>status</c>: a false callback goes out before the decision. Null: none.</summary>
    public string? Forge { get; init; }

    /// <summary>Percent of the amount that status and callback report.</summary>
    public int PaidPercent { get; init; } = 100;
}

/// <summary>A request to pay, as asked for and as decided so far.</summary>
internal sealed record MomoPayment
{
    public required string ReferenceId { get; init; }

    public required string ApiUser { get; init; }

    public required string Environment { get; init; }

    public required string Amount { get; init; }

    public required string Currency { get; init; }

    public string? ExternalId { get; init; }

    public required string PartyIdType { get; init; }

    public required string PartyId { get; init; }

    public string? PayerMessage { get; init; }

    public string? PayeeNote { get; init; }

    public string? CallbackUrl { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required MomoPlan Plan { get; init; }

    public MomoStatus Status { get; init; }

    public string? Reason { get; init; }

    public string? FinancialTransactionId { get; init; }

    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>Set just before the callback is sent: it is sent once, even when the process dies while sending.</summary>
    public bool CallbackStarted { get; init; }
}

/// <summary>One line of the journal: exactly one member is set.</summary>
internal sealed record MomoJournalEntry
{
    public MomoApiUser? User { get; init; }

    /// <summary>The payment as it stands after the change; the last line of a reference counts.</summary>
    public MomoPayment? Payment { get; init; }
}

/// <param name="ApiKey">Null until one is asked for.</param>
internal sealed record MomoApiUser(string Id, string ProviderCallbackHost, string? ApiKey);
