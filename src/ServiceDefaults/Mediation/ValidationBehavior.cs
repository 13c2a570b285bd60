using FluentValidation;
using FluentValidation.Results;
using MediatR;

namespace Pipeline.ServiceDefaults.Mediation;

/// <summary>Runs the validators of a request before its handler; their failures become one <see cref="ValidationException"/> (400 at the HTTP border).</summary>
internal sealed class ValidationBehavior<TRequest, TResponse>(IEnumerable<IValidator<TRequest>> validators) : IPipelineBehavior<TRequest, TResponse>
{
    public async Task<TResponse> Handle(TRequest request, CancellationToken cancellationToken, RequestHandlerDelegate<TResponse> next)
    {
        List<ValidationFailure>? failures = null;
        foreach (var validator in validators)
        {
            var result = await validator.ValidateAsync(request, cancellationToken);
            if (!result.IsValid)
                (failures ??= []).AddRange(result.Errors);
        }

        return failures is null ? await next() : throw new ValidationException(failures);
    }
}
