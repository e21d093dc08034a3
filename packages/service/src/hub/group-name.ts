/** Group names (reference serverless-upstream §4.2). */
export const groupNamePattern = /^(?!\s+$)[^\n]{1,1024}$/;
